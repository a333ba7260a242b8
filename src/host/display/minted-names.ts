/**
 * Names of the compositor that must not leave their sandbox. Whoever holds such a name may use it, so a guest gets one of
 * our own instead; only in the same sandbox does it stand for the compositor's. A name from elsewhere stands for nothing.
 */
import { randomBytes } from "node:crypto";

/** Of chance, so that none can be guessed. */
const RANDOM_BYTES = 16;

export class MintedNames {
  readonly #capacity: number;
  readonly #hostNames = new Map<string, string>();

  /** Holds `capacity` names; then the oldest goes. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A new name for the guest that stands for `hostName`; one that stands for nothing when there is none. */
  mint(hostName: string | undefined): string {
    const guestName = `vitrine-${randomBytes(RANDOM_BYTES).toString("hex")}`;
    if (hostName !== undefined) this.assign(guestName, hostName);
    return guestName;
  }

  /** A name that was minted here stands for `hostName` from now on. */
  assign(guestName: string, hostName: string): void {
    this.#hostNames.set(guestName, hostName);
    if (this.#hostNames.size <= this.#capacity) return;
    for (const oldest of this.#hostNames.keys()) {
      this.#hostNames.delete(oldest);
      break;
    }
  }

  /** What the compositor calls it; undefined for a name that this sandbox was not given. */
  hostName(guestName: string): string | undefined {
    return this.#hostNames.get(guestName);
  }

  /** The name stands for nothing from now on. */
  forget(guestName: string): void {
    this.#hostNames.delete(guestName);
  }
}
