/**
 * Vitrine beside its peers, in one run on one machine: the same app native, in a sandbox, and in the same machine with
 * waypipe in place of our display.
 *
 *   npm run bench -- [--json] [--repeat N] [--seconds N] [--ways native,arena,stream,waypipe,waypipeLz4] [--only starts|display|snapshots|ready]
 *
 * What is ready is measured only when it is asked for, as root: its image holds an office program, and --apps names some of it.
 *
 * The image is of the host's own Debian release, because waypipe's two ends must be of one version.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownEnvironment, vitrine } from "../src/cli/test-support.ts";
import { ensureArenaTemplate } from "../src/host/image/arena-template.ts";
import { openImage } from "../src/host/image/images.ts";
import { ensureKernel } from "../src/host/image/kernel.ts";
import { ensureToolsImage } from "../src/host/image/tools-image.ts";
import { probeAcceleration } from "../src/host/vmm/probe.ts";
import { Compositor } from "../tests/support/compositor.ts";
import { NativeRoot } from "../tests/support/native-root.ts";
import { processesByEnvironment } from "../tests/support/processes.ts";
import { measureDensity } from "./measure-density.ts";
import { measureFrames } from "./measure-frames.ts";
import { measureLatency } from "./measure-latency.ts";
import { measureReady, printReady } from "./measure-ready.ts";
import { type MachineFiles, measureMachineStarts } from "./measure-snapshots.ts";
import { timeStart } from "./measure-starts.ts";
import { memoryOf } from "./processes.ts";
import { printReport, type Report, type Snapshots, WAYS, type WayName } from "./report.ts";
import { NativeWay } from "./ways/native.ts";
import { VitrineWay } from "./ways/vitrine.ts";
import type { Way } from "./ways/way.ts";
import { WaypipeWay } from "./ways/waypipe.ts";

const PACKAGES = ["foot", "fonts-dejavu-core", "socat", "waypipe"];
const APP = ["foot"];
const SIZES = [
  [1280, 800],
  [3840, 2160],
] as const;
const PRESSES = 60;
/** Long enough for the guest's processors to go to sleep. */
const PAUSE_MS = 50;
/** Ways that differ in their start. */
const STARTED: readonly WayName[] = ["native", "arena", "restored", "waypipe"];
/** How long nothing is asked of anybody before memory is measured: what asking took is let go by then. */
const IDLE_MS = 5000;
/** Idle sandboxes that are measured together. */
const MANY = 10;

const { values } = parseArgs({
  options: {
    ways: { type: "string", default: WAYS.join() },
    only: { type: "string" },
    apps: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    repeat: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
  },
});
const chosen = WAYS.filter((way) => values.ways.split(",").includes(way));
const repeat = Number(values.repeat);
const seconds = Number(values.seconds);

const folder = mkdtempSync(join(tmpdir(), "vitrine-bench-"));
chmodSync(folder, 0o755);
let runs = 0;

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** The measured app as one executable with its native library, and both in an archive for guests. */
function compileClient(): { directory: string; archive: string } {
  const directory = join(folder, "client");
  const native = join(directory, "koffi/linux_x64");
  mkdirSync(native, { recursive: true });
  const source = join(import.meta.dirname, "client.ts");
  const flags = ["--compile", "--bytecode", "--format=esm", "--minify", `--outfile=${join(directory, "client")}`];
  execFileSync(process.execPath, ["build", ...flags, source], { stdio: "ignore" });
  const koffi = createRequire(createRequire(import.meta.url).resolve("koffi"));
  copyFileSync(koffi.resolve("@koromix/koffi-linux-x64/linux_x64/koffi.node"), join(native, "koffi.node"));
  const archive = join(folder, "client.tar");
  execFileSync("tar", ["cf", archive, "-C", directory, "client", "koffi"]);
  return { directory, archive };
}

function hostRelease(): string {
  const release = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  if (release === undefined) throw new Error("the host's Debian release is wanted: waypipe must be of one version");
  return release;
}

const environment = {
  ...ownEnvironment(folder),
  XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share"),
  XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
};

async function prepare() {
  const release = hostRelease();
  const image = `vitrine-bench-${release}`;
  say(`building image ${image}`);
  const build = ["image", "build", image, "--release", release, "--packages", PACKAGES.join(), "--snapshot"];
  const { status, errors } = await vitrine(build, environment);
  if (status !== 0) throw new Error(errors);
  const kernel = await ensureKernel();
  const { accelerator } = await probeAcceleration(kernel);
  const tools = await ensureToolsImage();
  const client = compileClient();
  const root = await NativeRoot.unpack(environment.XDG_DATA_HOME, image);
  const { path } = await openImage(image);
  const ways = (compositor: Compositor): Record<WayName, () => Way> => ({
    native: () => new NativeWay(compositor, root, client.directory),
    arena: () => sandbox(compositor, { name: "vitrine, shared memory", flags: ["--no-snapshot"] }),
    restored: () => sandbox(compositor, { name: "vitrine, from a snapshot", flags: [] }),
    stream: () => sandbox(compositor, { name: "vitrine, as bytes", flags: ["--no-snapshot", "--no-shared-memory"] }),
    waypipe: () => peer(compositor, "none"),
    waypipeLz4: () => peer(compositor, "lz4"),
  });
  const sandbox = (compositor: Compositor, { name, flags }: { name: string; flags: string[] }) =>
    new VitrineWay(compositor, { name, image, flags, clientArchive: client.archive, environment });
  const peer = (compositor: Compositor, compression: "none" | "lz4") => {
    const own = join(folder, `peer${runs++}`);
    mkdirSync(own);
    return new WaypipeWay(compositor, {
      kernel,
      accelerator,
      toolsImage: tools.path,
      appImage: path,
      compression,
      clientArchive: client.archive,
      folder: own,
    });
  };
  const arena = await ensureArenaTemplate();
  const files: MachineFiles = { kernel, toolsImage: tools.path, appImage: path, arena };
  return { ways, accelerator, release, root, image, files };
}

function wants(part: "starts" | "display" | "snapshots"): boolean {
  return values.only === undefined || values.only === part;
}

type Ways = (compositor: Compositor) => Record<WayName, () => Way>;

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Each start on a desktop of its own size; native ones are warm as soon as the files are cached. */
async function starts(ways: Ways): Promise<Pick<Report, "coldStart" | "warmStart">> {
  await using compositor = await Compositor.start({ width: 1280, height: 800 });
  const coldStart: Report["coldStart"] = {};
  const warmStart: Report["warmStart"] = {};
  for (const name of chosen.filter((way) => STARTED.includes(way))) {
    const cold: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < repeat; round++) {
      await using way = ways(compositor)[name]();
      cold.push(await timeStart(compositor, way, APP));
      warm.push(await timeStart(compositor, way, APP));
    }
    coldStart[name] = median(cold);
    warmStart[name] = median(warm);
    say(`${name}: first frame after ${Math.round(median(cold))} ms, then ${Math.round(median(warm))} ms`);
  }
  return { coldStart, warmStart };
}

async function display(ways: Ways): Promise<Pick<Report, "frames" | "latency" | "memory" | "wakeUp">> {
  // Windows float: their size is their own.
  const swayConfig = 'for_window [app_id=".*"] floating enable, border none\nseat seat0 hide_cursor 1';
  await using compositor = await Compositor.start({ width: 3840, height: 2160, swayConfig });
  const compositorPids = processesByEnvironment("XDG_RUNTIME_DIR", compositor.runtimeDir);
  const frames: Report["frames"] = SIZES.map(([width, height]) => ({ size: `${width}x${height}`, ways: {} }));
  const latency: Report["latency"] = {};
  const memory: Report["memory"] = {};
  const wakeUps: number[] = [];
  for (const name of chosen) {
    await using way = ways(compositor)[name]();
    // A screen that is drawn often blurs the figures less.
    await compositor.swaymsg("output HEADLESS-1 mode --custom 1280x800@240Hz");
    const times = await measureLatency(compositor, way, PRESSES);
    latency[name] = { median: median(times), p95: times[Math.floor(times.length * 0.95)] ?? Number.NaN };
    say(`${name}: key to pixel ${median(times).toFixed(1)} ms`);
    for (let press = 0; way.wakeUp !== undefined && press < PRESSES; press++) {
      await Bun.sleep(PAUSE_MS);
      wakeUps.push(await way.wakeUp());
    }
    const guest = await way.guestMemory();
    if (guest !== undefined) {
      const { monitor, bridge } = await way.hostProcesses();
      await Bun.sleep(IDLE_MS);
      memory[name] = { monitor: memoryOf(monitor), bridge: memoryOf(bridge), guest };
    }
    await compositor.swaymsg("output HEADLESS-1 mode --custom 3840x2160@60Hz");
    for (const [index, size] of SIZES.entries()) {
      const result = await measureFrames(way, compositorPids, size, seconds);
      const row = frames[index];
      if (row !== undefined) row.ways[name] = result;
      say(`${name}, ${size.join("x")}: ${result.framesPerSecond.toFixed(1)} frames/s`);
    }
  }
  return { frames, latency, memory, ...(wakeUps.length === 0 ? {} : { wakeUp: median(wakeUps) }) };
}

async function snapshots(image: string, files: MachineFiles): Promise<Snapshots> {
  const machines = await measureMachineStarts(files, repeat);
  say("machines measured");
  const density = async (sandboxes: number, fromSnapshot: boolean) =>
    await measureDensity(image, environment, { sandboxes, snapshots: fromSnapshot });
  const one = { cold: await density(1, false), restored: await density(1, true) };
  return { machines, density: { ...one, many: await density(MANY, true) } };
}

const NO_STARTS = { coldStart: {}, warmStart: {} };
const NO_DISPLAY = { frames: [], latency: {}, memory: {} };

if (values.only === "ready") {
  const apps = values.apps.split(",").filter((name) => name !== "");
  const starts = await measureReady(environment, { repeat, apps, say });
  if (values.json) process.stdout.write(`${JSON.stringify(starts, null, 2)}\n`);
  else printReady(starts);
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
const { ways, accelerator, release, root, image, files } = await prepare();
try {
  const report: Report = {
    release,
    accelerator,
    processors: availableParallelism(),
    snapshots: wants("snapshots") ? await snapshots(image, files) : undefined,
    ...(wants("display") ? await display(ways) : NO_DISPLAY),
    ...(wants("starts") || wants("snapshots") ? await starts(ways) : NO_STARTS),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else printReport(report);
} finally {
  root[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
}
