import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ext4Bytes, findWritableDisk } from "./home-disk.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-home-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([1024, 4096])("the size of a file system with blocks of %d bytes", (block) => {
  const file = join(folder, `disk-${block}`);
  writeFileSync(file, "");
  truncateSync(file, 64e6 + 4096);
  expect(spawnSync("/usr/sbin/mke2fs", ["-q", "-F", "-t", "ext4", "-b", String(block), file]).status).toBe(0);
  expect(ext4Bytes(file)).toBe(Math.floor((64e6 + 4096) / block) * block);
});

test("the disk that can be written is known by the monitor's word", () => {
  const devices = join(folder, "block");
  const disk = (name: string, readonly: 0 | 1) => {
    mkdirSync(join(devices, name), { recursive: true });
    writeFileSync(join(devices, name, "ro"), `${readonly}\n`);
  };
  disk("loop0", 0);
  disk("vda", 1);
  disk("vdb", 1);
  expect(findWritableDisk(devices)).toBeUndefined();
  disk("vdc", 0);
  expect(findWritableDisk(devices)).toBe("vdc");
});
