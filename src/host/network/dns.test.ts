import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ANSWER_ADDRESSES, parseAnswer, parseQuestion, refusal } from "./dns.ts";
import { address, dnsMessage } from "./test-support.ts";

const SEED = { seed: 20_260_103, numRuns: 1000 };
const label = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));

describe("domain names", () => {
  test("any bytes are a question, an answer or neither, without harm", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        if (parseQuestion(bytes) !== undefined) expect(parseAnswer(refusal(bytes))?.addresses).toEqual([]);
        parseAnswer(bytes);
      }),
      SEED,
    );
  });

  test("a damaged answer is understood or not, without harm", () => {
    const good = dnsMessage({ id: 7, name: "a.example", response: true, addresses: [{ address: "192.0.2.1" }] });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const copy = good.slice();
        copy[at] = value;
        parseAnswer(copy);
        parseAnswer(copy.subarray(0, at));
      }),
      SEED,
    );
  });

  test("a question is read, whatever its name", () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 0, max: 65_535 }), fc.constantFrom(1, 28, 65), (asked, id, type) => {
        const message = dnsMessage({ id, name: asked, type });
        expect(parseQuestion(message)).toEqual({ id, name: asked, type });
        expect(parseAnswer(message)).toBeUndefined();
        const refused = refusal(message);
        expect(refused[3] ?? 0).toBe(0x85); // recursion available, refused
        expect(parseAnswer(refused)).toEqual({ id, name: asked, type, addresses: [] });
      }),
      SEED,
    );
  });

  test("names are compared without regard to case", () => {
    expect(parseQuestion(dnsMessage({ id: 1, name: "WWW.Example" }))?.name).toBe("www.example");
  });

  test("an answer gives addresses of both kinds, as many as are sensible", () => {
    const addresses = [{ address: "192.0.2.1", seconds: 5 }, { address: "2001:db8::1" }];
    const answer = parseAnswer(dnsMessage({ id: 1, name: "a.example", response: true, addresses }));
    expect(answer?.addresses).toEqual([
      { address: address("192.0.2.1"), seconds: 5 },
      { address: address("2001:db8::1"), seconds: 60 },
    ]);
    const many = Array.from({ length: 200 }, () => ({ address: "192.0.2.1" }));
    const long = parseAnswer(dnsMessage({ id: 1, name: "a", response: true, addresses: many }));
    expect(long?.addresses.length).toBe(MAX_ANSWER_ADDRESSES);
  });

  test("names that lead round and round, or hide a dot, are not understood", () => {
    const message = dnsMessage({ id: 1, name: "ab" });
    const loop = message.slice();
    loop.set([0xc0, 12], 12);
    expect(parseQuestion(loop)).toBeUndefined();
    const dot = message.slice();
    dot[13] = ".".charCodeAt(0);
    expect(parseQuestion(dot)).toBeUndefined();
    const two = message.slice();
    two[5] = 2;
    expect(parseQuestion(two)).toBeUndefined();
  });
});
