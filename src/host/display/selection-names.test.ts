import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_MIME_BYTES } from "./limits.ts";
import { isPassableMimeType, SelectionNames } from "./selection-names.ts";

const SEED = 7;
const type = fc.stringMatching(/^[a-z]{1,8}\/[a-z0-9.+-]{1,12}(;charset=utf-8)?$/);
const types = fc.uniqueArray(type, { maxLength: 10 });

test("types come back as they were, to the same sandbox", () => {
  fc.assert(
    fc.property(types, fc.boolean(), (offered, veiled) => {
      const names = new SelectionNames("secret");
      const published = names.publish(offered, veiled);
      const read = names.read([...published.keys()]);
      expect([...read.types.keys()]).toEqual(offered);
      expect(read.own).toBe(!veiled || offered.length > 0);
      // What the compositor asks for is what the app knows.
      for (const [seen, name] of read.types) expect(published.get(name)).toBe(seen);
    }),
    { seed: SEED },
  );
});

test("another sandbox reads what is open, and nothing that is veiled", () => {
  fc.assert(
    fc.property(types, fc.boolean(), (offered, veiled) => {
      const read = new SelectionNames("other").read([...new SelectionNames("secret").publish(offered, veiled).keys()]);
      expect(read.own).toBe(false);
      expect([...read.types.keys()]).toEqual(veiled ? [] : offered);
    }),
    { seed: SEED },
  );
});

test("an app cannot pass for another: names that begin as ours are not its to offer", () => {
  const names = new SelectionNames("secret");
  const forged = ["application/x-vitrine-secret", "Application/X-Vitrine-secret-1-0", "text/plain"];
  expect([...names.publish(forged, true).values()]).toEqual(["text/plain"]);
  expect([...new SelectionNames("mine").publish(forged, false).values()]).toEqual(["text/plain", undefined]);
});

test("names of a source that is gone mean nothing", () => {
  const names = new SelectionNames("secret");
  const published = names.publish(["text/plain"], true);
  names.retire(published);
  expect(names.read([...published.keys()])).toEqual({ own: false, types: new Map() });
});

test("what is no MIME type does not cross", () => {
  expect(["text/plain", "UTF8_STRING", 'a/b;c="d e"'].filter(isPassableMimeType)).toHaveLength(3);
  expect(
    ["", "a b", "text/plain\n", "\u202etxt", "a/b;c", "x".repeat(MAX_MIME_BYTES + 1), null, 5].filter(
      isPassableMimeType,
    ),
  ).toEqual([]);
});
