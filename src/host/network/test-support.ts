/** Frames for tests, put together field by field. */
import { type Address, parseAddress } from "./address.ts";
import type { LocalNetworks } from "./local-networks.ts";
import { PROTOCOL } from "./packet.ts";
import { checksum } from "./reply.ts";

export interface FrameParts {
  readonly from: string;
  readonly to: string;
  readonly protocol?: number;
  readonly ports?: readonly [source: number, destination: number];
  readonly data?: Uint8Array;
  /** Offset in 8 bytes, and whether more follow: a part of what was sent. */
  readonly fragment?: readonly [offset: number, more: boolean];
}

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

/** An Ethernet frame with an IP packet, UDP unless it says otherwise. */
export function ipFrame(parts: FrameParts): Uint8Array {
  const { protocol = PROTOCOL.udp, ports = [40_000, 443], data = new Uint8Array(4), fragment } = parts;
  const [source, destination] = [bytesOf(address(parts.from)), bytesOf(address(parts.to))];
  const version = source.length === 4 ? 4 : 6;
  const inner = new Uint8Array(8 + data.length);
  const view = new DataView(inner.buffer);
  if (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp) {
    view.setUint16(0, ports[0]);
    view.setUint16(2, ports[1]);
    if (protocol === PROTOCOL.udp) view.setUint16(4, inner.length);
  } else {
    inner[0] = version === 4 ? 8 : 128;
  }
  inner.set(data, 8);
  const packet = version === 4 ? ipv4(protocol, inner, fragment) : ipv6(protocol, inner, fragment);
  packet.set(source, version === 4 ? 12 : 8);
  packet.set(destination, version === 4 ? 16 : 24);
  if (version === 4) new DataView(packet.buffer).setUint16(10, checksum(packet.subarray(0, 20)));
  const frame = new Uint8Array(14 + packet.length);
  frame.set([0x52, 0x55, 0, 0, 0, 2, 0x52, 0x54, 0, 0, 0, 1, ...(version === 4 ? [8, 0] : [0x86, 0xdd])]);
  frame.set(packet, 14);
  return frame;
}

function ipv4(protocol: number, inner: Uint8Array, fragment: FrameParts["fragment"]): Uint8Array {
  const packet = new Uint8Array(20 + inner.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, packet.length);
  if (fragment !== undefined) view.setUint16(6, fragment[0] | (fragment[1] ? 0x2000 : 0));
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  packet.set(inner, 20);
  return packet;
}

function ipv6(protocol: number, inner: Uint8Array, fragment: FrameParts["fragment"]): Uint8Array {
  const extension = fragment === undefined ? 0 : 8;
  const packet = new Uint8Array(40 + extension + inner.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, extension + inner.length);
  view.setUint8(6, fragment === undefined ? protocol : 44);
  view.setUint8(7, 255);
  if (fragment !== undefined) {
    view.setUint8(40, protocol);
    view.setUint16(42, (fragment[0] << 3) | (fragment[1] ? 1 : 0));
  }
  packet.set(inner, 40 + extension);
  return packet;
}

function bytesOf(value: Address): Uint8Array {
  const bytes = new Uint8Array(typeof value === "number" ? 4 : 16);
  let rest = BigInt(value);
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** A DNS message: a question, and answers to it. */
export function dnsMessage(options: {
  readonly id: number;
  readonly name: string;
  readonly type?: number;
  readonly response?: boolean;
  /** Answers; each names the question by a pointer. */
  readonly addresses?: readonly { readonly address: string; readonly seconds?: number }[];
}): Uint8Array {
  const { id, name, type = 1, response = false, addresses = [] } = options;
  const bytes = [id >> 8, id & 0xff, response ? 0x81 : 1, response ? 0x80 : 0, 0, 1, 0, addresses.length, 0, 0, 0, 0];
  for (const label of name.split(".")) bytes.push(label.length, ...new TextEncoder().encode(label));
  bytes.push(0, 0, type, 0, 1);
  for (const entry of addresses) {
    const data = bytesOf(address(entry.address));
    const seconds = entry.seconds ?? 60;
    bytes.push(0xc0, 12, 0, data.length === 4 ? 1 : 28, 0, 1);
    bytes.push(
      seconds >>> 24,
      (seconds >>> 16) & 0xff,
      (seconds >>> 8) & 0xff,
      seconds & 0xff,
      0,
      data.length,
      ...data,
    );
  }
  return new Uint8Array(bytes);
}

/** A machine at 192.168.1.2 in a network of /24, and with an address of the internet. */
export const HOME_NETWORK: LocalNetworks = {
  isOwn: (one) => [address("192.168.1.2"), address("203.0.113.9"), address("127.0.0.1")].includes(one),
  isNear: (one) => typeof one === "number" && (one >>> 8 === 0xc0_a801 || one >>> 8 === 0xcb_0071),
};
