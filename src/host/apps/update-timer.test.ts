/** The timer that updates apps: units that systemd takes, and nothing left of them. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disableUpdateTimer, enableUpdateTimer } from "./update-timer.ts";

let folder: string;
let environment: Record<string, string>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine timer % $x-"));
  // No systemd answers there.
  environment = { XDG_CONFIG_HOME: folder, XDG_RUNTIME_DIR: folder, XDG_DATA_HOME: "/data", PATH: "/usr/bin:/bin" };
});
afterEach(() => rmSync(folder, { recursive: true }));
const units = () => join(folder, "systemd/user");

test("is there from the next login on, with units that systemd takes", () => {
  const program = join(folder, "bin/vitrine");
  mkdirSync(join(folder, "bin"));
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  expect(enableUpdateTimer(program, environment)).toBe(false);
  expect(enableUpdateTimer(program, environment)).toBe(false);
  expect(readdirSync(units()).sort()).toEqual([
    "timers.target.wants",
    "vitrine-update.service",
    "vitrine-update.timer",
  ]);
  expect(readFileSync(join(units(), "timers.target.wants/vitrine-update.timer"), "utf8")).toContain("OnCalendar=daily");
  const service = readFileSync(join(units(), "vitrine-update.service"), "utf8");
  expect(service).toContain("update --all\n");
  expect(service).toContain('Environment="XDG_DATA_HOME=/data"\n');
  if (!existsSync("/usr/bin/systemd-analyze")) return;
  const words = ["--user", "--man=no", "verify", "vitrine-update.service", "vitrine-update.timer"];
  const env = { PATH: "/usr/bin:/bin", SYSTEMD_UNIT_PATH: `${units()}:`, XDG_RUNTIME_DIR: folder, HOME: folder };
  const { stderr } = spawnSync("systemd-analyze", words, { env, encoding: "utf8" });
  expect(stderr.split("\n").filter((line) => line.includes("vitrine-update"))).toEqual([]);
});

test("leaves nothing when it goes", () => {
  expect(disableUpdateTimer(environment)).toBe(false);
  enableUpdateTimer("/usr/bin/vitrine", environment);
  expect(disableUpdateTimer(environment)).toBe(true);
  expect(readdirSync(units(), { recursive: true })).toEqual(["timers.target.wants"]);
});
