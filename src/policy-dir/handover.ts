import type { Listing } from "./listing.ts";

/**
 * Hands the listing that a look ended with to the reading which the look's ring begins, as looking at ten thousand files
 * takes as long as all the rest of that reading. It is taken once, and is gone when the event loop turns: until then no
 * event can tell of a change, and one that comes later rings again. What git did between look and reading is told by the
 * checkout's version.
 */
export interface Handover {
  /** `checkout`: the checkout's version before the listing was made; undefined outside of one. */
  offer(listing: Listing, checkout: string | undefined): void;
  /** What was offered for the same version. */
  take(checkout: string | undefined): Listing | undefined;
}

export function createHandover(): Handover {
  let offered: { readonly listing: Listing; readonly checkout: string | undefined } | undefined;
  return {
    offer(listing, checkout) {
      const offer = { listing, checkout };
      offered = offer;
      setImmediate(() => {
        if (offered === offer) {
          offered = undefined;
        }
      });
    },
    take(checkout) {
      const taken = offered;
      offered = undefined;
      return taken?.checkout === checkout ? taken?.listing : undefined;
    },
  };
}
