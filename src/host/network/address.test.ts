import { describe, expect, test } from "bun:test";
import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { inRange, parseAddress, parseRange, rangeAround } from "./address.ts";
import { isPrivate, isPublic } from "./ranges.ts";
import { address } from "./test-support.ts";

const SEED = { seed: 20_260_101, numRuns: 500 };

describe("addresses", () => {
  test.each([
    ["0.0.0.0", 0],
    ["192.0.2.1", 0xc000_0201],
    ["255.255.255.255", 0xffff_ffff],
    ["::", 0n],
    ["::1", 1n],
    ["2001:db8::1", 0x2001_0db8_0000_0000_0000_0000_0000_0001n],
    ["2001:DB8:0:0:1:0:0:2", 0x2001_0db8_0000_0000_0001_0000_0000_0002n],
    ["::ffff:192.0.2.1", 0xffff_c000_0201n],
    ["64:ff9b::192.0.2.1", 0x0064_ff9b_0000_0000_0000_0000_c000_0201n],
  ] as const)("%s is read", (text, value) => {
    expect(parseAddress(text)).toBe(value);
  });

  test("what is no address is none", () => {
    for (const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "0x7f.1",
      "2130706433",
      "fe80::1%eth0",
      ":::",
    ]) {
      expect(parseAddress(text)).toBeUndefined();
    }
  });

  test("any text is read as the system reads it, or not at all", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.string()), (text) => {
        const family = isIP(text) === 0 || text.includes("%") ? undefined : isIP(text) === 4 ? "number" : "bigint";
        const parsed = parseAddress(text);
        expect(parsed === undefined ? undefined : typeof parsed).toBe(family as never);
      }),
      SEED,
    );
  });

  test("a range holds what the system's own list of ranges holds", () => {
    const cases = fc.oneof(
      fc.record({
        base: fc.ipV4(),
        bits: fc.integer({ min: 0, max: 32 }),
        other: fc.ipV4(),
        family: fc.constant("ipv4" as const),
      }),
      fc.record({
        base: fc.ipV6(),
        bits: fc.integer({ min: 0, max: 128 }),
        other: fc.ipV6(),
        family: fc.constant("ipv6" as const),
      }),
    );
    fc.assert(
      fc.property(cases, fc.boolean(), ({ base, bits, other, family }, near) => {
        const list = new BlockList();
        list.addSubnet(base, bits, family);
        const asked = near ? base : other;
        expect(inRange(rangeAround(address(base), bits), address(asked))).toBe(list.check(asked, family));
      }),
      SEED,
    );
  });

  test("a range is whole", () => {
    expect(parseRange("192.168.0.0/16")).toEqual({ base: 0xc0a8_0000, bits: 16 });
    expect(parseRange("2001:db8::/32")).toEqual({ base: 0x2001_0db8n << 96n, bits: 32 });
    expect(parseRange("192.0.2.1")).toEqual({ base: 0xc000_0201, bits: 32 });
    expect(parseRange("0.0.0.0/0")).toEqual({ base: 0, bits: 0 });
    for (const text of ["192.168.0.1/16", "192.168.0.0/33", "2001:db8::1/64", "192.168.0.0/", "a/8"]) {
      expect(parseRange(text)).toBeUndefined();
    }
  });
});

describe("the internet", () => {
  test.each([
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "172.32.0.1",
    "192.169.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "64:ff9b::8.8.8.8",
  ])("%s is in it", (text) => expect([isPublic(address(text)), isPrivate(address(text))]).toEqual([true, false]));
  test.each(["10.0.0.1", "100.64.0.1", "172.16.0.1", "172.31.255.255", "192.168.255.255", "fd00::1"])(
    "%s is a private network",
    (text) => expect([isPublic(address(text)), isPrivate(address(text))]).toEqual([false, true]),
  );
  test.each([
    ...[
      "0.0.0.0",
      "0.1.2.3",
      "127.0.0.1",
      "127.255.0.1",
      "169.254.169.254",
      "192.0.0.2",
      "224.0.0.251",
      "255.255.255.255",
    ],
    ...[
      "::",
      "::1",
      "::ffff:8.8.8.8",
      "fe80::1",
      "ff02::fb",
      "2001::1",
      "64:ff9b::10.0.0.1",
      "2002:c0a8:101::1",
      "2002:7f00:1::",
    ],
  ])("%s is neither", (text) => expect([isPublic(address(text)), isPrivate(address(text))]).toEqual([false, false]));
});
