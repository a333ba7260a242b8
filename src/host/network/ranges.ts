/** Which addresses are the internet, a local network, or neither. References: the IANA special-purpose address registries. */
import { type Address, inRange, parseRange, type Range } from "./address.ts";

/** Networks that people have at home and at work. Each with where it is defined. */
const PRIVATE = ranges({
  "10.0.0.0/8": "RFC 1918",
  "172.16.0.0/12": "RFC 1918",
  "192.168.0.0/16": "RFC 1918",
  "100.64.0.0/10": "RFC 6598: behind a provider's translation, and private networks over the internet",
  "fc00::/7": "RFC 4193: unique local addresses",
});

/** Of IPv4: what is neither the internet nor a private network. */
const NOWHERE = ranges({
  "0.0.0.0/8": "this network; 0.0.0.0 means the host itself to many systems",
  "127.0.0.0/8": "loopback",
  "169.254.0.0/16": "link-local; clouds keep their machines' secrets at 169.254.169.254",
  "192.0.0.0/24": "protocol assignments; the guest's own network is in it",
  "224.0.0.0/4": "multicast",
  "240.0.0.0/4": "reserved, broadcast",
});

/** Of IPv6 only these are the internet: everything else is reserved, local or multicast. */
const GLOBAL_IPV6 = ranges({ "2000::/3": "RFC 4291: global unicast" });
/** Addresses of IPv6 that stand for addresses of IPv4, and where in them those are, in bits from the right. */
const EMBEDDING: readonly { readonly range: Range; readonly shift: bigint }[] = [
  { range: range("64:ff9b::/96"), shift: 0n }, // RFC 6052: translation by the network
  { range: range("2002::/16"), shift: 80n }, // RFC 3056: 6to4
];
/** RFC 4380: its addresses hide the one they lead to. */
const TEREDO = range("2001::/32");

export function isPrivate(address: Address): boolean {
  return PRIVATE.some((one) => inRange(one, address));
}

/** True for an address of the internet. */
export function isPublic(address: Address): boolean {
  if (typeof address === "number") return !isPrivate(address) && !NOWHERE.some((one) => inRange(one, address));
  const embedding = EMBEDDING.find((one) => inRange(one.range, address));
  if (embedding !== undefined) return isPublic(Number((address >> embedding.shift) & 0xffff_ffffn));
  return GLOBAL_IPV6.some((one) => inRange(one, address)) && !inRange(TEREDO, address);
}

function ranges(table: Readonly<Record<string, string>>): Range[] {
  return Object.keys(table).map(range);
}

function range(text: string): Range {
  const parsed = parseRange(text);
  if (parsed === undefined) throw new TypeError(text);
  return parsed;
}
