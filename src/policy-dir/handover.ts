import type { Listing } from "./listing.ts";

/**
 * Hands the listing that a look ended with to the reading which the look's ring begins, as looking at ten thousand files
 * takes as long as all the rest of that reading. It is taken once, and is gone when the event loop turns: until then no
 * event can tell of a change, and one that comes later rings again.
 */
export interface Handover {
  offer(listing: Listing): void;
  take(): Listing | undefined;
}

export function createHandover(): Handover {
  let offered: Listing | undefined;
  return {
    offer(listing) {
      offered = listing;
      setImmediate(() => {
        if (offered === listing) {
          offered = undefined;
        }
      });
    },
    take() {
      const taken = offered;
      offered = undefined;
      return taken;
    },
  };
}
