import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Packet, PROTOCOL, parseFrame } from "./packet.ts";
import { checksum, datagram, prohibited } from "./reply.ts";
import { address, ipFrame } from "./test-support.ts";

const SEED = { seed: 20_260_102, numRuns: 1000 };
const FROM = { 4: "192.0.0.15", 6: "fd76:7472:696e:6e65::15" } as const;
const TO = { 4: "192.0.2.1", 6: "2001:db8::1" } as const;

const parsed = (frame: Uint8Array) => parseFrame(frame) as Packet | undefined;
const changed = (frame: Uint8Array, at: number, value: number) => {
  const copy = frame.slice();
  copy[at] = value;
  return copy;
};

describe("a frame", () => {
  test("of any bytes is understood or not, without harm", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(undefined, 0x0800, 0x86dd, 0x0806),
        (bytes, type) => {
          if (type !== undefined && bytes.length > 14) new DataView(bytes.buffer, bytes.byteOffset).setUint16(12, type);
          const frame = parseFrame(bytes);
          if (frame?.kind !== "ip") return;
          expect(frame.payload).toBeLessThanOrEqual(frame.end);
          expect(frame.end).toBeLessThanOrEqual(bytes.length);
        },
      ),
      SEED,
    );
  });

  test.each([4, 6] as const)("of IPv%d tells from whom to whom", (version) => {
    for (const protocol of [PROTOCOL.tcp, PROTOCOL.udp]) {
      const frame = ipFrame({ from: FROM[version], to: TO[version], protocol, ports: [1234, 443] });
      expect(parseFrame(frame)).toMatchObject({
        kind: "ip",
        version,
        source: address(FROM[version]),
        destination: address(TO[version]),
        protocol,
        sourcePort: 1234,
        destinationPort: 443,
        fragment: false,
        end: frame.length,
      });
    }
  });

  test.each([4, 6] as const)("of IPv%d that is cut anywhere is not understood", (version) => {
    const frame = ipFrame({ from: FROM[version], to: TO[version] });
    for (let length = 0; length < frame.length; length++) expect(parseFrame(frame.subarray(0, length))).toBeUndefined();
  });

  test.each([4, 6] as const)("of IPv%d may be a fragment, and only the first has ports", (version) => {
    const parts = { from: FROM[version], to: TO[version], ports: [1, 2] as const };
    expect(parsed(ipFrame({ ...parts, fragment: [0, true] }))).toMatchObject({ fragment: true, destinationPort: 2 });
    const later = parsed(ipFrame({ ...parts, fragment: [3, false] }));
    expect(later).toMatchObject({ fragment: true });
    expect(later?.destinationPort).toBeUndefined();
  });

  test("whose padding is longer than its packet ends where the packet does", () => {
    const frame = ipFrame({ from: FROM[4], to: TO[4] });
    const padded = new Uint8Array(64);
    padded.set(frame);
    expect(parsed(padded)?.end).toBe(frame.length);
  });

  test("with options, extension headers, tags or other protocols is not understood", () => {
    const [four, six] = [ipFrame({ from: FROM[4], to: TO[4] }), ipFrame({ from: FROM[6], to: TO[6] })];
    expect(parseFrame(changed(four, 14, 0x46))).toBeUndefined(); // options
    expect(parseFrame(changed(four, 14, 0x65))).toBeUndefined(); // another version
    expect(parseFrame(changed(four, 20, 0x80))).toBeUndefined(); // the reserved bit
    for (const protocol of [0, 2, 4, 41, 47, 50, PROTOCOL.icmpv6, 132]) {
      expect(parseFrame(changed(four, 23, protocol))).toBeUndefined();
    }
    for (const header of [0, 43, 50, 51, 59, 60, 135, PROTOCOL.icmp]) {
      expect(parseFrame(changed(six, 20, header))).toBeUndefined();
    }
    expect(parseFrame(changed(changed(four, 12, 0x81), 13, 0))).toBeUndefined(); // a tagged frame
  });

  test("of neighbours: ARP and neighbour discovery from this very network", () => {
    const arp = new Uint8Array(42);
    arp.set([8, 6, 0, 1, 8, 0, 6, 4, 0, 1], 12);
    expect(parseFrame(arp)).toEqual({ kind: "neighbour" });
    expect(parseFrame(changed(arp, 15, 2))).toBeUndefined();
    const discovery = ipFrame({ from: "fe80::1", to: "ff02::1", protocol: PROTOCOL.icmpv6 });
    for (const type of [133, 134, 135, 136]) {
      expect(parseFrame(changed(discovery, 54, type))).toEqual({ kind: "neighbour" });
      expect(parseFrame(changed(changed(discovery, 54, type), 21, 254))).toBeUndefined();
    }
    expect(parseFrame(changed(discovery, 54, 137))).toMatchObject({ kind: "ip" }); // a redirect is a packet like others
  });
});

describe("an answer of the gate", () => {
  const sumOf = (reply: Uint8Array, packet: Packet) => {
    const message = reply.subarray(packet.payload, packet.end);
    if (packet.protocol === PROTOCOL.icmp) return checksum(message);
    const addresses = reply.subarray(packet.version === 4 ? 26 : 22, packet.payload);
    const pseudo = new Uint8Array([...addresses, 0, 0, message.length >> 8, message.length & 0xff, 0, packet.protocol]);
    return checksum(new Uint8Array([...pseudo, ...message]));
  };

  test("comes from where the packet went, and all its sums are right", () => {
    const cases = fc.record({
      version: fc.constantFrom(4 as const, 6 as const),
      data: fc.uint8Array({ maxLength: 99 }),
      ports: fc.tuple(fc.integer({ min: 1, max: 65_535 }), fc.integer({ min: 1, max: 65_535 })),
    });
    fc.assert(
      fc.property(cases, ({ version, data, ports }) => {
        const frame = ipFrame({ from: FROM[version], to: TO[version], ports, data });
        const packet = parsed(frame);
        if (packet === undefined) throw new Error("not understood");
        for (const reply of [prohibited(frame, packet), datagram(frame, packet, data)]) {
          const answer = parsed(reply);
          if (answer === undefined) throw new Error("not understood");
          expect([answer.source, answer.destination]).toEqual([packet.destination, packet.source]);
          expect([...reply.subarray(0, 12)]).toEqual([...frame.subarray(6, 12), ...frame.subarray(0, 6)]);
          expect(answer.end).toBe(reply.length);
          if (version === 4) expect(checksum(reply.subarray(14, 34))).toBe(0);
          expect(sumOf(reply, answer)).toBe(0);
        }
        const back = parsed(datagram(frame, packet, data));
        expect([back?.sourcePort, back?.destinationPort]).toEqual([ports[1], ports[0]]);
      }),
      SEED,
    );
  });

  test("says that it is forbidden, and quotes what", () => {
    const frame = ipFrame({ from: FROM[4], to: TO[4], protocol: PROTOCOL.tcp });
    const packet = parsed(frame);
    if (packet === undefined) throw new Error("not understood");
    const reply = prohibited(frame, packet);
    expect([...reply.subarray(34, 36)]).toEqual([3, 13]);
    expect([...reply.subarray(42)]).toEqual([...frame.subarray(14)]);
  });
});
