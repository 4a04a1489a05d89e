/** What a call meets when the process has died under it. */
export class Killed extends Error {
  override readonly name = "Killed";
}

export interface FuseOptions {
  /** The number of the call at which the process dies, from 1. */
  readonly at: number;
  /** Whether that call still takes effect. */
  readonly takesEffect: boolean;
}

/** Counts the calls to the outside world, and kills the process at one of them: from then on nothing gets through. */
export class Fuse {
  calls = 0;
  blown = false;
  readonly #at: number;
  readonly #takesEffect: boolean;

  constructor({ at, takesEffect }: FuseOptions = { at: Infinity, takesEffect: false }) {
    this.#at = at;
    this.#takesEffect = takesEffect;
  }

  call(effect: () => void): void {
    if (this.blown) throw new Killed("killed before");
    this.calls += 1;
    this.blown = this.calls >= this.#at;
    if (!this.blown || this.#takesEffect) effect();
    if (this.blown) throw new Killed(`killed at call ${this.calls}`);
  }
}
