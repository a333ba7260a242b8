import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureLocales } from "./locale-data.ts";

const NAMES = ["XDG_DATA_HOME", "VITRINE_DEBIAN_MIRROR", "VITRINE_DEBIAN_SECURITY_MIRROR"] as const;
const before = NAMES.map((name) => [name, process.env[name]] as const);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-locale-"));
  // Nobody listens there.
  for (const [index, value] of [folder, "http://127.0.0.1:9/debian", "none"].entries()) {
    process.env[NAMES[index] as string] = value;
  }
});
afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true });
});

// apt tries again a few times.
test("an archive that cannot be reached keeps one start waiting, and not the next", async () => {
  await expect(ensureLocales(["de_DE.UTF-8"])).rejects.toThrow("127.0.0.1");
  expect(await ensureLocales(["de_DE.UTF-8"])).toBeUndefined();
}, 60_000);
