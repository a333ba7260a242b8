/**
 * Full-window frames through the display, side by side with waypipe, on this machine and without a virtual machine: the
 * cost of the two halves of each, not of a guest.   bun bench/frames.ts [SECONDS] [--json]
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../tests/support/compositor.ts";
import { eventually } from "../tests/support/deadline.ts";
import { DisplayLoop, PIXEL_PATHS } from "../tests/support/display-loop.ts";

const SIZES = [
  [1280, 800],
  [3840, 2160],
] as const;
const TICKS_PER_SECOND = 100;
const seconds = Number(process.argv[2] ?? 4) || 4;

interface Row {
  readonly size: string;
  readonly way: string;
  readonly framesPerSecond: number;
  /** Processor time of everything between app and compositor, for each frame. */
  readonly cpuMsPerFrame: number;
}

/** Processor time of a process so far, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

async function frames(compositor: Compositor, display: string, width: number, height: number): Promise<number> {
  const script = join(import.meta.dirname, "frame-client.ts");
  const client = spawn(process.execPath, [script, String(width), String(height), String(seconds)], {
    env: { ...process.env, XDG_RUNTIME_DIR: compositor.runtimeDir, WAYLAND_DISPLAY: display },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  client.stdout.on("data", (chunk) => {
    output += chunk;
  });
  await new Promise((resolve) => client.on("close", resolve));
  return Number(output);
}

async function measure(compositor: Compositor, width: number, height: number): Promise<Row[]> {
  const rows: Row[] = [];
  const size = `${width}x${height}`;
  const add = (way: string, count: number, cpu: number) => {
    rows.push({ size, way, framesPerSecond: count / seconds, cpuMsPerFrame: cpu / Math.max(1, count) });
    console.error(`${size} ${way}: ${count} frames`);
  };

  add("native", await frames(compositor, "wayland-1", width, height), 0);
  for (const pixels of PIXEL_PATHS) {
    using loop = new DisplayLoop(compositor, pixels);
    const before = process.cpuUsage();
    const count = await frames(compositor, loop.socketName, width, height);
    const used = process.cpuUsage(before);
    add(`ours, ${pixels}`, count, (used.user + used.system) / 1000);
  }
  for (const compression of ["none", "lz4"]) {
    const socket = join(compositor.runtimeDir, `waypipe-${compression}-${width}`);
    const display = `waypipe-app-${compression}-${width}`;
    const options = ["--no-gpu", "-c", compression, "-s", socket];
    const environment = { ...process.env, XDG_RUNTIME_DIR: compositor.runtimeDir, WAYLAND_DISPLAY: "wayland-1" };
    const near = spawn("waypipe", [...options, "client"], { env: environment, stdio: "ignore" });
    const far = spawn("waypipe", [...options, "--display", display, "server", "--", "sleep", "600"], {
      env: environment,
      stdio: "ignore",
    });
    await eventually("waiting for waypipe", 10_000, async () => {
      const { existsSync } = await import("node:fs");
      return existsSync(join(compositor.runtimeDir, display)) ? true : undefined;
    });
    const pids = () => [near.pid, far.pid].flatMap((pid) => (pid === undefined ? [] : [pid, ...childrenOf(pid)]));
    const total = () => pids().reduce((sum, pid) => sum + cpuMs(pid), 0);
    const start = total();
    const sample = { last: start };
    const timer = setInterval(() => {
      sample.last = Math.max(sample.last, total());
    }, 100);
    const count = await frames(compositor, display, width, height);
    clearInterval(timer);
    add(`waypipe, ${compression}`, count, sample.last - start);
    for (const pid of pids()) process.kill(pid, "SIGKILL");
  }
  return rows;
}

function childrenOf(pid: number): number[] {
  try {
    const direct = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    return direct.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    return [];
  }
}

const rows: Row[] = [];
for (const [width, height] of SIZES) {
  await using compositor = await Compositor.start({ width, height, swayConfig: "default_border none\n" });
  rows.push(...(await measure(compositor, width, height)));
}
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(rows, null, 2));
} else {
  console.log("size        way              frames/s   CPU ms/frame");
  for (const row of rows) {
    console.log(
      `${row.size.padEnd(11)} ${row.way.padEnd(16)} ${row.framesPerSecond.toFixed(1).padStart(8)} ${row.cpuMsPerFrame.toFixed(2).padStart(14)}`,
    );
  }
}
