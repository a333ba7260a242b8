import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeWorkFolder } from "../image/work-folder.ts";
import { probesDirectory } from "../sandbox/directories.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what a prober that was killed has left goes with the next", () => {
  const environment = { XDG_RUNTIME_DIR: folder, XDG_CACHE_HOME: folder, XDG_DATA_HOME: folder, TMPDIR: folder };
  const killed = spawnSync(process.execPath, [join(import.meta.dirname, "killed-prober-main.test-support.ts")], {
    env: { ...environment, PATH: process.env.PATH },
  });
  expect(killed.signal).toBe("SIGKILL");
  const probes = probesDirectory(environment);
  expect(readdirSync(folder).filter((name) => name.startsWith("vitrine-"))).toEqual([]);
  expect(readdirSync(probes)).toHaveLength(1);
  makeWorkFolder(probes)[Symbol.dispose]();
  expect(readdirSync(probes)).toEqual([]);
});
