/**
 * Answers that the gate itself gives to a guest, so that what is not allowed fails at once and not after minutes.
 *
 * References: RFC 792, RFC 1812 (ICMP: administratively prohibited), RFC 4443 (ICMPv6), RFC 1071 (checksums).
 */
import { ETHERNET_BYTES, type Packet, PROTOCOL } from "./packet.ts";

const HOP_LIMIT = 64;
/** Bytes of a refused packet that the answer quotes: the IP header and the ports. */
const QUOTED_BYTES = 48;

/** "Communication administratively prohibited", to the sender of `packet`, from whom it was for. */
export function prohibited(frame: Uint8Array, packet: Packet): Uint8Array {
  const quoted = frame.subarray(packet.header, Math.min(packet.end, packet.header + QUOTED_BYTES));
  const message = new Uint8Array(8 + quoted.length);
  message[0] = packet.version === 4 ? 3 : 1;
  message[1] = packet.version === 4 ? 13 : 1;
  message.set(quoted, 8);
  const protocol = packet.version === 4 ? PROTOCOL.icmp : PROTOCOL.icmpv6;
  const reply = answer(frame, packet, protocol, message);
  const sum =
    packet.version === 4 ? checksum(message) : checksum(message, pseudoHeader(reply, protocol, message.length));
  new DataView(reply.buffer).setUint16(reply.length - message.length + 2, sum);
  return reply;
}

/** A UDP datagram back to the sender of `packet`, which is one. */
export function datagram(frame: Uint8Array, packet: Packet, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(8 + data.length);
  const view = new DataView(message.buffer);
  view.setUint16(0, packet.destinationPort ?? 0);
  view.setUint16(2, packet.sourcePort ?? 0);
  view.setUint16(4, message.length);
  message.set(data, 8);
  const reply = answer(frame, packet, PROTOCOL.udp, message);
  const sum = checksum(message, pseudoHeader(reply, PROTOCOL.udp, message.length));
  // Zero would mean that there is none.
  new DataView(reply.buffer).setUint16(reply.length - message.length + 6, sum === 0 ? 0xffff : sum);
  return reply;
}

/** A frame back to where `frame` came from. */
function answer(frame: Uint8Array, packet: Packet, protocol: number, message: Uint8Array): Uint8Array {
  const headerBytes = packet.version === 4 ? 20 : 40;
  const reply = new Uint8Array(ETHERNET_BYTES + headerBytes + message.length);
  const view = new DataView(reply.buffer);
  reply.set(frame.subarray(6, 12), 0);
  reply.set(frame.subarray(0, 6), 6);
  reply.set(frame.subarray(12, 14), 12);
  reply.set(message, ETHERNET_BYTES + headerBytes);
  const header = ETHERNET_BYTES;
  if (packet.version === 4) {
    view.setUint8(header, 0x45);
    view.setUint16(header + 2, headerBytes + message.length);
    view.setUint8(header + 8, HOP_LIMIT);
    view.setUint8(header + 9, protocol);
    reply.set(frame.subarray(packet.header + 16, packet.header + 20), header + 12);
    reply.set(frame.subarray(packet.header + 12, packet.header + 16), header + 16);
    view.setUint16(header + 10, checksum(reply.subarray(header, header + headerBytes)));
  } else {
    view.setUint8(header, 0x60);
    view.setUint16(header + 4, message.length);
    view.setUint8(header + 6, protocol);
    view.setUint8(header + 7, HOP_LIMIT);
    reply.set(frame.subarray(packet.header + 24, packet.header + 40), header + 8);
    reply.set(frame.subarray(packet.header + 8, packet.header + 24), header + 24);
  }
  return reply;
}

/** The sum of what the checksum of an IPv6 or UDP packet covers beside its own bytes. */
function pseudoHeader(reply: Uint8Array, protocol: number, length: number): number {
  const addresses = reply[ETHERNET_BYTES] === 0x45 ? [26, 34] : [22, 54];
  return sumWords(reply.subarray(addresses[0], addresses[1])) + protocol + length;
}

/** The checksum of RFC 1071 over `bytes`, whose own checksum field is zero, and a sum to begin with. */
export function checksum(bytes: Uint8Array, start = 0): number {
  let sum = start + sumWords(bytes);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function sumWords(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return sum;
}
