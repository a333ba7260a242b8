import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpioArchive } from "./cpio.ts";

test("an archive unpacks to what was put in", () => {
  const directory = mkdtempSync(join(tmpdir(), "vitrine-cpio-"));
  try {
    const odd = new Uint8Array(4097).map((_, index) => index);
    const archive = cpioArchive([
      { kind: "directory", path: "bin" },
      { kind: "file", path: "bin/tool", data: odd, executable: true },
      { kind: "file", path: "empty", data: new Uint8Array(0) },
      { kind: "link", path: "bin/sh", target: "tool" },
    ]);
    execFileSync("cpio", ["--quiet", "-id"], { cwd: directory, input: archive });
    expect(new Uint8Array(readFileSync(join(directory, "bin/tool")))).toEqual(odd);
    expect(statSync(join(directory, "bin/tool")).mode & 0o777).toBe(0o755);
    expect(statSync(join(directory, "empty")).size).toBe(0);
    expect(readlinkSync(join(directory, "bin/sh"))).toBe("tool");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("equal input is equal output", () => {
  const entries = [{ kind: "file", path: "a", data: new Uint8Array([1, 2, 3]) }] as const;
  expect(cpioArchive(entries)).toEqual(cpioArchive(entries));
});
