/**
 * Internet addresses and ranges of them. An IPv4 address is a number of 32 bits, an IPv6 address a bigint of 128: the type
 * of the value tells the family.
 */
import { isIPv4, isIPv6 } from "node:net";

export type Address = number | bigint;

/** All addresses whose first `bits` are those of `base`. */
export interface Range {
  readonly base: Address;
  readonly bits: number;
}

/** "192.0.2.1", "2001:db8::1"; undefined for anything else, zones and IPv4 in unusual forms among it. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (!isIPv6(text) || text.includes("%")) return undefined;
  // The last 32 bits may be written as IPv4.
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const last = dotted === null ? 0 : (parseAddress(dotted[2] ?? "") as number);
  const hex = dotted === null ? text : `${dotted[1]}${(last >>> 16).toString(16)}:${(last & 0xffff).toString(16)}`;
  const [head = "", tail] = hex.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** "192.0.2.0/24", or a single address. Undefined when it is neither, or has bits set that do not count. */
export function parseRange(text: string): Range | undefined {
  const [, address = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const base = parseAddress(address);
  if (base === undefined) return undefined;
  const width = typeof base === "number" ? 32 : 128;
  const bits = length === undefined ? width : Number(length);
  if (bits > width) return undefined;
  const range = { base, bits };
  return isWhole(range) ? range : undefined;
}

export function inRange({ base, bits }: Range, address: Address): boolean {
  if (typeof base === "number") {
    return typeof address === "number" && (bits === 0 || (base ^ address) >>> (32 - bits) === 0);
  }
  return typeof address === "bigint" && (base ^ address) >> BigInt(128 - bits) === 0n;
}

/** The range that an address lies in, by the length of its prefix. */
export function rangeAround(address: Address, bits: number): Range {
  if (typeof address === "number") {
    return { base: bits === 0 ? 0 : (address >>> (32 - bits)) * 2 ** (32 - bits), bits };
  }
  const rest = BigInt(128 - bits);
  return { base: (address >> rest) << rest, bits };
}

/** The address at `offset` of a packet, 4 or 16 bytes of it. */
export function readAddress(view: DataView, offset: number, version: 4 | 6): Address {
  if (version === 4) return view.getUint32(offset);
  return (view.getBigUint64(offset) << 64n) | view.getBigUint64(offset + 8);
}

function isWhole({ base, bits }: Range): boolean {
  return rangeAround(base, bits).base === base;
}
