/** A timer of systemd's user instance that updates all apps once a day. Reference: systemd.timer(5), systemd.service(5). */
import { spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { Environment } from "../sandbox/directories.ts";

const UNIT = "vitrine-update";
/** How long systemd may take to read its files again, in milliseconds; it takes a tenth of a second. */
export const SYSTEMD_DEADLINE_MS = 20_000;
/** What says where things are; systemd's user instance need not have it. */
const PASSED_ON = ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "VITRINE_DEBIAN_MIRROR"];

/** Writes timer and service, and starts the timer. Returns false when it starts only at the next login: no systemd answers. */
export function enableUpdateTimer(program: string, environment: Environment): boolean {
  const folder = unitFolder(environment);
  const wants = join(folder, "timers.target.wants");
  mkdirSync(wants, { recursive: true, mode: 0o755 });
  writeFileSync(join(folder, `${UNIT}.service`), serviceText(program, environment));
  writeFileSync(join(folder, `${UNIT}.timer`), TIMER);
  const link = join(wants, `${UNIT}.timer`);
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(`../${UNIT}.timer`, link);
  return systemctl(environment, "daemon-reload") && systemctl(environment, "restart", `${UNIT}.timer`);
}

/** Removes both. Returns false when there was no timer. */
export function disableUpdateTimer(environment: Environment): boolean {
  const folder = unitFolder(environment);
  const there = lstatSync(join(folder, `${UNIT}.timer`), { throwIfNoEntry: false }) !== undefined;
  if (there) systemctl(environment, "stop", `${UNIT}.timer`);
  for (const name of [`timers.target.wants/${UNIT}.timer`, `${UNIT}.timer`, `${UNIT}.service`]) {
    rmSync(join(folder, name), { force: true });
  }
  if (there) systemctl(environment, "daemon-reload");
  return there;
}

const TIMER = `[Unit]
Description=Update the apps of Vitrine every day

[Timer]
OnCalendar=daily
# Not all machines at once; what was missed while the machine was off is made up for.
RandomizedDelaySec=4h
Persistent=true

[Install]
WantedBy=timers.target
`;

function serviceText(program: string, environment: Environment): string {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined || value === "" ? [] : [`Environment=${quote(`${name}=${value}`)}\n`];
  });
  return `[Unit]
Description=Update the apps of Vitrine
Documentation=man:systemd.timer(5)

[Service]
Type=oneshot
${passedOn.join("")}ExecStart=${quote(program)} update --all
# Whoever works here does not wait for it.
Nice=15
IOSchedulingClass=idle
`;
}

/** A word of a unit file: quoted, with what is special there taken literally. */
function quote(word: string): string {
  if (/\p{Cc}/u.test(word)) {
    throw new VitrineError("invalid-argument", `Cannot write a timer: "${word}" has a control character`);
  }
  return `"${word.replace(/["\\]/g, "\\$&").replaceAll("%", "%%")}"`;
}

function unitFolder(environment: Environment): string {
  const configured = environment.XDG_CONFIG_HOME;
  const usable = configured !== undefined && isAbsolute(configured);
  return join(usable ? configured : join(environment.HOME || homedir(), ".config"), "systemd/user");
}

function systemctl(environment: Environment, ...words: string[]): boolean {
  const options = { env: { ...environment }, stdio: "ignore", timeout: SYSTEMD_DEADLINE_MS } as const;
  return spawnSync("systemctl", ["--user", "--no-ask-password", ...words], options).status === 0;
}
