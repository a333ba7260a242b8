/** The networks that this machine is on: what is near, whatever its addresses look like, and what is the machine itself. */
import { networkInterfaces } from "node:os";
import { type Address, inRange, parseAddress, type Range, rangeAround } from "./address.ts";
import { isPublic } from "./ranges.ts";

/** How long what the system said is taken for true, in milliseconds: machines change networks. */
export const LOCAL_NETWORKS_AGE_MS = 5000;

export interface LocalNetworks {
  /** One of this machine's own addresses. */
  isOwn(address: Address): boolean;
  /** In a network that this machine is directly on. */
  isNear(address: Address): boolean;
}

/** Asks the system again when the last answer is old; so a connection that is made now is judged by where we are now. */
export class SystemNetworks implements LocalNetworks {
  #own = new Set<Address>();
  #near: Range[] = [];
  #asked = Number.NEGATIVE_INFINITY;

  isOwn(address: Address): boolean {
    this.#refresh();
    return this.#own.has(address);
  }

  isNear(address: Address): boolean {
    this.#refresh();
    return this.#near.some((range) => inRange(range, address));
  }

  #refresh(): void {
    const now = performance.now();
    if (now - this.#asked < LOCAL_NETWORKS_AGE_MS) return;
    this.#asked = now;
    const known = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .flatMap(({ address, cidr }) => {
        const parsed = parseAddress(address);
        const bits = Number(cidr?.split("/")[1] ?? Number.NaN);
        return parsed === undefined ? [] : [{ address: parsed, bits }];
      });
    this.#own = new Set(known.map(({ address }) => address));
    this.#near = known.flatMap(({ address, bits }) => (bits > 0 ? [rangeAround(address, bits)] : []));
  }
}

/** True while this machine has an IPv6 address of the internet. */
export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address, family }) => family === "IPv6" && isPublic(parseAddress(address) ?? 0n)),
  );
}
