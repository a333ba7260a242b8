/** What the agent reads and sets of the machine it runs in. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { VitrineError } from "../../base/error.ts";
import { monotonicNanoseconds } from "../../sys/clock.ts";

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

export function kernelRelease(): string {
  return readFileSync("/proc/sys/kernel/osrelease", "utf8").trim();
}

export function setHostname(name: string): void {
  writeFileSync("/proc/sys/kernel/hostname", name);
}

/** Drops what the kernel keeps of files and could read again, proc_sys_vm(5). */
export function dropCaches(): void {
  writeFileSync("/proc/sys/vm/drop_caches", "3");
}
