/** What the agent reads and sets of the machine it runs in. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";

/** Bytes of a /proc file that are looked at. */
const PROC_BYTES = 512;
/** A clock that is off by less than this, in milliseconds, is as right as it can be set. */
export const CLOCK_TOLERANCE_MS = 1000;

/**
 * CLOCK_MONOTONIC in milliseconds, as a float: the clock that apps and compositors stamp their frames with. The runtime's
 * own process.hrtime counts from the start of the process, so the kernel is asked: /proc/timer_list tells it in
 * nanoseconds (to root), /proc/uptime in hundredths of a second.
 */
export function monotonicNow(): number {
  try {
    const nanoseconds = /^now at (\d+) nsecs/m.exec(readStart("/proc/timer_list"))?.[1];
    if (nanoseconds !== undefined) return Number(nanoseconds) / 1e6;
  } catch {
    // Not root, or a kernel without it.
  }
  return parseUptime(readStart("/proc/uptime"));
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

/** Sets the wall clock (milliseconds since 1970) to the second, unless it is that right already. */
export function setClock(milliseconds: number): Promise<void> {
  if (Math.abs(Date.now() - milliseconds) < CLOCK_TOLERANCE_MS) return Promise.resolve();
  const seconds = Math.round(milliseconds / 1000);
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/busybox", ["date", "-u", "-s", `@${seconds}`], { stdio: "ignore" });
    const failed = (cause?: unknown) =>
      reject(new VitrineError("io", `Cannot set the clock to "${seconds}": busybox date failed`, { cause }));
    child.once("error", failed);
    child.once("exit", (code) => (code === 0 ? resolve() : failed()));
  });
}

function readStart(path: string): string {
  const fd = openSync(path, "r");
  try {
    const bytes = new Uint8Array(PROC_BYTES);
    return new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes)));
  } finally {
    closeSync(fd);
  }
}
