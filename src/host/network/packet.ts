/**
 * Reads what the gate must know of an Ethernet frame: from whom to whom, by which protocol and port. Frames come from a
 * hostile guest: whatever is not plainly one of the shapes known here is not understood, and so not passed on.
 *
 * References: RFC 791 (IPv4), RFC 8200 (IPv6), RFC 826 (ARP), RFC 4861 (neighbour discovery).
 */
import { type Address, readAddress } from "./address.ts";

export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export interface Packet {
  readonly kind: "ip";
  readonly version: 4 | 6;
  readonly source: Address;
  readonly destination: Address;
  readonly protocol: number;
  /** Of TCP and UDP; undefined for other protocols, and for all fragments but the first. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  /** True when this is only a part of what was sent. */
  readonly fragment: boolean;
  /** Where in the frame the IP header, what it carries, and the padding behind that begin. */
  readonly header: number;
  readonly payload: number;
  readonly end: number;
}

export type Frame =
  | Packet
  /** Who has which address of the guest's own network: ARP, and neighbour discovery. */
  | { readonly kind: "neighbour" };

/** Bytes of the Ethernet header, before that of IP: two addresses and a type. */
export const ETHERNET_BYTES = 14;
const TYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
const ARP_BYTES = 28;
const IPV6_BYTES = 40;
const NEIGHBOUR: Frame = { kind: "neighbour" };
/** Next header of IPv6 that says that this is a fragment. */
const FRAGMENT = 44;
const FRAGMENT_BYTES = 8;
/** ICMPv6 types: router and neighbour solicitation and advertisement. Not redirects. */
const DISCOVERY = [133, 134, 135, 136];
/** Neighbour discovery never comes from another network: nobody on the way has counted this down. */
const DISCOVERY_HOP_LIMIT = 255;

/** Undefined: not understood. */
export function parseFrame(frame: Uint8Array): Frame | undefined {
  if (frame.length < ETHERNET_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  switch (view.getUint16(12)) {
    case TYPE.ipv4:
      return parseIpv4(view);
    case TYPE.ipv6:
      return parseIpv6(view);
    case TYPE.arp:
      return isArp(view) ? NEIGHBOUR : undefined;
    default:
      return undefined;
  }
}

/** Of IPv4 addresses on Ethernet. */
function isArp(view: DataView): boolean {
  if (view.byteLength < ETHERNET_BYTES + ARP_BYTES) return false;
  return view.getUint32(14) === 0x0001_0800 && view.getUint16(18) === 0x0604;
}

/** Headers with options are not understood: some options choose the way that a packet takes. */
function parseIpv4(view: DataView): Packet | undefined {
  const header = ETHERNET_BYTES;
  const payload = header + 20;
  if (view.byteLength < payload || view.getUint8(header) !== 0x45) return undefined;
  const end = header + view.getUint16(header + 2);
  if (end < payload || end > view.byteLength) return undefined;
  const place = view.getUint16(header + 6);
  // More fragments follow, or this is not the first. The highest bit is reserved.
  if ((place & 0x8000) !== 0) return undefined;
  const fragment = (place & 0x3fff) !== 0;
  const protocol = view.getUint8(header + 9);
  return withPorts(view, {
    version: 4,
    source: readAddress(view, header + 12, 4),
    destination: readAddress(view, header + 16, 4),
    protocol,
    fragment,
    first: (place & 0x1fff) === 0,
    payload,
    end,
  });
}

/** Extension headers other than that of a fragment are not understood: some choose the way that a packet takes. */
function parseIpv6(view: DataView): Frame | undefined {
  const header = ETHERNET_BYTES;
  if (view.byteLength < header + IPV6_BYTES || view.getUint8(header) >> 4 !== 6) return undefined;
  const end = header + IPV6_BYTES + view.getUint16(header + 4);
  if (end > view.byteLength) return undefined;
  let protocol = view.getUint8(header + 6);
  let payload = header + IPV6_BYTES;
  let first = true;
  const fragment = protocol === FRAGMENT;
  if (fragment) {
    if (payload + FRAGMENT_BYTES > end) return undefined;
    protocol = view.getUint8(payload);
    first = view.getUint16(payload + 2) >> 3 === 0;
    payload += FRAGMENT_BYTES;
  }
  if (protocol === PROTOCOL.icmpv6 && !fragment && payload + 4 <= end && DISCOVERY.includes(view.getUint8(payload))) {
    return view.getUint8(header + 7) === DISCOVERY_HOP_LIMIT ? NEIGHBOUR : undefined;
  }
  return withPorts(view, {
    version: 6,
    source: readAddress(view, header + 8, 6),
    destination: readAddress(view, header + 24, 6),
    protocol,
    fragment,
    first,
    payload,
    end,
  });
}

function withPorts(
  view: DataView,
  { first, ...packet }: Omit<Packet, "kind" | "header" | "sourcePort" | "destinationPort"> & { first: boolean },
): Packet | undefined {
  const { protocol, payload, end, version } = packet;
  const base = { kind: "ip", header: ETHERNET_BYTES, ...packet } as const;
  switch (protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp:
      if (!first) return { ...base, sourcePort: undefined, destinationPort: undefined };
      // A first fragment too short for the ports would leave them to the next one.
      if (end - payload < 8) return undefined;
      return { ...base, sourcePort: view.getUint16(payload), destinationPort: view.getUint16(payload + 2) };
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      if ((version === 4) !== (protocol === PROTOCOL.icmp)) return undefined;
      return { ...base, sourcePort: undefined, destinationPort: undefined };
    default:
      return undefined;
  }
}
