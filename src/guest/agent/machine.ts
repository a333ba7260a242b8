/** What the agent reads and sets of the machine it runs in. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { monotonicNanoseconds } from "../../sys/clock.ts";

/** A clock that is off by less than this, in milliseconds, is as right as it can be set. */
export const CLOCK_TOLERANCE_MS = 1000;

/** CLOCK_MONOTONIC in milliseconds, as a float: the clock that apps and compositors stamp their frames with. */
export function monotonicNow(): number {
  return Number(monotonicNanoseconds()) / 1e6;
}

/** Milliseconds, of the text of /proc/uptime. Throws "corrupt". */
export function parseUptime(text: string): number {
  const seconds = Number.parseFloat(text);
  if (!(seconds >= 0)) throw new VitrineError("corrupt", `Cannot read uptime "${text.slice(0, 32)}": seconds wanted`);
  return seconds * 1000;
}

/** Bytes, of the text of /proc/meminfo. Throws "corrupt". */
export function parseMemory(text: string): { total: number; available: number } {
  const bytes = (name: string) => {
    const kibibytes = new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text)?.[1];
    if (kibibytes === undefined) throw new VitrineError("corrupt", `Cannot read /proc/meminfo: "${name}" wanted`);
    return Number(kibibytes) * 1024;
  };
  return { total: bytes("MemTotal"), available: bytes("MemAvailable") };
}

export function readMemory(): { total: number; available: number } {
  return parseMemory(readFileSync("/proc/meminfo", "utf8"));
}

/** The device of the virtio-serial port `name`, or undefined while there is none. */
export function findPort(name: string, ports = "/sys/class/virtio-ports"): string | undefined {
  for (const port of readdirSync(ports)) {
    if (readFileSync(`${ports}/${port}/name`, "utf8").trim() === name) return `/dev/${port}`;
  }
  return undefined;
}

export function setHostname(name: string): void {
  writeFileSync("/proc/sys/kernel/hostname", name);
}

/**
 * Whether the guest's clock must be set, given what the host's was when it sent that: maybe before the guest had booted.
 * So the host's time is a lower bound, and a guest ahead of it may well be right.
 */
export function clockIsBehind(guestMilliseconds: number, hostMilliseconds: number): boolean {
  return guestMilliseconds < hostMilliseconds - CLOCK_TOLERANCE_MS;
}

/** Sets the wall clock forward to `milliseconds` since 1970, to the second, if it is behind. */
export function setClock(milliseconds: number): Promise<void> {
  if (!clockIsBehind(Date.now(), milliseconds)) return Promise.resolve();
  const seconds = Math.round(milliseconds / 1000);
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/busybox", ["date", "-u", "-s", `@${seconds}`], { stdio: "ignore" });
    const failed = (cause?: unknown) =>
      reject(new VitrineError("io", `Cannot set the clock to "${seconds}": busybox date failed`, { cause }));
    child.once("error", failed);
    child.once("exit", (code) => (code === 0 ? resolve() : failed()));
  });
}
