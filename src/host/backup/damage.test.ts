/** Files that are no whole backups: told, and nothing comes of them. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { readConfig } from "../sandbox/config.ts";
import { MAGIC } from "./format.ts";
import { failureOf, rigPerTest } from "./test-support.ts";
import { backUp } from "./write-backup.ts";

const rig = rigPerTest();

describe("a file that is no whole backup is told, and changes nothing", () => {
  const lines = (...records: unknown[]) => MAGIC + records.map((record) => `${JSON.stringify(record)}\n`).join("");
  const end = (text: string) =>
    `${text}${JSON.stringify({ kind: "end", digest: createHash("sha256").update(text).digest("hex") })}\n`;
  const written = (text: string) => writeFileSync(rig().file, zstdCompressSync(Buffer.from(text)));
  const head = (change: object = {}) => {
    const config = { ...readConfig("letters", rig().environment), previous: null };
    return { kind: "sandbox", config, home: { quotaBytes: 64_000_000, unused: false, dataBytes: 1, ...change } };
  };

  test("cut short anywhere, or changed anywhere", async () => {
    rig().make("letters", { 0: "superblock" });
    await backUp("letters", rig().file, rig().options());
    const there = rig().everything();
    const whole = readFileSync(rig().file);
    for (let at = 0; at < whole.length; at += 23) {
      writeFileSync(rig().file, whole.subarray(0, at));
      expect(await failureOf(rig().restore("copy"))).toMatchObject({ code: "corrupt" });
    }
    const plain = zstdDecompressSync(whole);
    for (let at = 0; at < plain.length; at += 31) {
      const changed = Buffer.from(plain);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(rig().file, zstdCompressSync(changed));
      expect(["corrupt", "unavailable"]).toContain((await failureOf(rig().restore("copy"))).code);
    }
    writeFileSync(rig().file, zstdCompressSync(Buffer.concat([plain, Buffer.from("more")])));
    expect(await failureOf(rig().restore("copy"))).toMatchObject({ code: "corrupt" });
    expect(rig().everything()).toEqual(there);
  });

  test("not there, or something else", async () => {
    expect(await failureOf(rig().restore())).toMatchObject({ code: "not-found" });
    writeFileSync(rig().file, "a letter");
    expect(await failureOf(rig().restore())).toMatchObject({ code: "corrupt" });
    written("vitrine backup 2\n");
    expect(await failureOf(rig().restore())).toMatchObject({
      code: "corrupt",
      message: expect.stringContaining("newer"),
    });
    written("x".repeat(10_000_000));
    expect(await failureOf(rig().restore())).toMatchObject({ code: "corrupt" });
  });

  test.each([
    ["a file elsewhere", [{ kind: "file", path: "packages/../../../x.deb", bytes: 0 }], {}],
    ["a file with an absolute path", [{ kind: "file", path: "/tmp/vitrine-escaped", bytes: 0 }], {}],
    ["its own configuration", [{ kind: "file", path: "sandbox.json", bytes: 0 }], {}],
    ["a part behind the end", [{ kind: "data", offset: 64_000_000, bytes: 1 }], {}],
    ["a part before the beginning", [{ kind: "data", offset: -1, bytes: 1 }], {}],
    ["too large a part", [{ kind: "data", offset: 0, bytes: 10_000_000 }], {}],
    ["two sandboxes", [], { twice: true }],
    ["a home of no size", [], { quotaBytes: 0 }],
    ["a home of too odd a size", [], { quotaBytes: 64_000_001 }],
    ["no end", [], { open: true }],
  ])("with %s", async (_, records, change: Record<string, unknown>) => {
    rig().make("letters", {});
    const there = rig().everything();
    const { twice, open, ...home } = change;
    const text = lines(head(home), ...(twice === true ? [head()] : []), ...records);
    written(open === true ? text : end(`${text}`));
    expect(await failureOf(rig().restore("copy"))).toMatchObject({ code: "corrupt" });
    expect(rig().everything()).toEqual(there);
    expect(existsSync("/tmp/vitrine-escaped")).toBe(false);
  });

  test.each([
    ["a name that would move the cursor", { system: { kind: "image", image: "x\u001b[2J" } }],
    ["a host that is none", { network: { kind: "hosts", hosts: ["a b"] } }],
    ["a name of a sandbox that would move the cursor", { name: "x\u009b" }],
  ])("with %s", async (_, change) => {
    rig().make("letters", {});
    const { config, ...rest } = head();
    written(end(lines({ ...rest, config: { ...config, ...change } })));
    expect(await failureOf(rig().restore("copy"))).toMatchObject({ code: "corrupt" });
  });
});
