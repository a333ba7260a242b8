/** What was measured, as JSON or as tables, and the promises of docs/SPECIFICATION.md against it. */
import { formatTable } from "../src/cli/terminal/report.ts";
import type { Density } from "./measure-density.ts";
import type { FramesResult } from "./measure-frames.ts";
import type { MachineStarts, StartKind } from "./measure-snapshots.ts";
import type { Memory } from "./processes.ts";

export type WayName = "native" | "arena" | "restored" | "stream" | "waypipe" | "waypipeLz4";
type ByWay<T> = Partial<Record<WayName, T>>;

export interface Report {
  /** The host's Debian release, how guests run, and processors. */
  readonly release: string;
  readonly accelerator: string;
  readonly processors: number;
  /** Milliseconds to the first frame, of a machine that does not run yet and of one that does. */
  readonly coldStart: ByWay<number>;
  readonly warmStart: ByWay<number>;
  readonly frames: readonly { size: string; ways: ByWay<FramesResult> }[];
  /** Milliseconds from key to pixel, the median and the 95th percentile. */
  readonly latency: ByWay<{ median: number; p95: number }>;
  /** Milliseconds of one guest wake-up, the median; see {@link Way.wakeUp}. */
  readonly wakeUp?: number;
  /** Bytes, when no app runs: resident and not shared memory of the monitor and of what joins it to the compositor. */
  readonly memory: ByWay<{ monitor: Memory; bridge: Memory; guest: number }>;
  readonly snapshots: Snapshots | undefined;
}

export interface Snapshots {
  readonly machines: MachineStarts;
  /** Idle sandboxes: one that was booted, one and several from a snapshot. */
  readonly density: { readonly cold: Density; readonly restored: Density; readonly many: Density };
}

const NAMES: Readonly<Record<WayName, string>> = {
  native: "native",
  arena: "vitrine, shared memory",
  restored: "vitrine, from a snapshot",
  stream: "vitrine, as bytes",
  waypipe: "waypipe, uncompressed",
  waypipeLz4: "waypipe, lz4",
};
export const WAYS = Object.keys(NAMES) as WayName[];
const MIB = 1024 * 1024;

export function printReport(report: Report): void {
  const print = (text: string) => process.stdout.write(text);
  const number = (value: number | undefined, digits = 0) => (value === undefined ? "-" : value.toFixed(digits));
  print(`Debian ${report.release}, guests by ${report.accelerator}, ${report.processors} processors\n`);

  print("\nStart to first frame, ms\n");
  const starts = WAYS.filter((way) => report.coldStart[way] !== undefined);
  print(
    formatTable(
      ["way", "cold", "machine runs"],
      starts.map((way) => [NAMES[way], number(report.coldStart[way]), number(report.warmStart[way])]),
    ),
  );

  for (const { size, ways } of report.frames) {
    print(`\nFull-window frames, ${size}\n`);
    print(
      formatTable(
        ["way", "frames/s", "CPU ms: bridge", "monitor, guest", "compositor", "KiB sent"],
        WAYS.flatMap((way) => {
          const row = ways[way];
          if (row === undefined) return [];
          const { framesPerSecond, bridgeMs, monitorMs, compositorMs, channelBytes } = row;
          const costs = [bridgeMs, monitorMs, compositorMs].map((value) => number(value, 1));
          const sent = number(channelBytes === undefined ? undefined : channelBytes / 1024, 1);
          return [[NAMES[way], number(framesPerSecond, 1), ...costs, sent]];
        }),
      ),
    );
  }

  print("\nKey to pixel, ms\n");
  const timed = WAYS.flatMap((way) => {
    const row = report.latency[way];
    return row === undefined ? [] : [[NAMES[way], number(row.median, 1), number(row.p95, 1)]];
  });
  print(formatTable(["way", "median", "95 %"], timed));

  if (report.wakeUp !== undefined) print(`one guest wake-up: ${number(report.wakeUp, 1)} ms\n`);

  print("\nMemory without an app, MiB\n");
  print(
    formatTable(
      ["way", "bridge", "of it private", "monitor", "of it private", "guest used"],
      WAYS.flatMap((way) => {
        const row = report.memory[way];
        if (row === undefined) return [];
        const { bridge, monitor, guest } = row;
        const bytes = [bridge.resident, bridge.private, monitor.resident, monitor.private, guest];
        return [[NAMES[way], ...bytes.map((value) => number(value / MIB))]];
      }),
    ),
  );

  if (report.snapshots !== undefined) printSnapshots(report.snapshots);

  print("\nPromises\n");
  print(formatTable(["promise", "wanted", "measured", ""], promises(report)));
}

const START_NAMES: Readonly<Record<StartKind, string>> = {
  bare: "busybox init and nothing else",
  cold: "agent, booted",
  restored: "agent, from a snapshot",
};

function printSnapshots({ machines, density }: Snapshots): void {
  process.stdout.write("\nMachine until it is there, ms, the least of all rounds\n");
  const kinds = Object.keys(START_NAMES) as StartKind[];
  const rows = kinds.map((kind) => {
    const [elapsed, cpu] = [least(machines, kind, "elapsed"), least(machines, kind, "cpu")];
    return [START_NAMES[kind], elapsed.toFixed(0), cpu.toFixed(0)];
  });
  process.stdout.write(formatTable(["", "elapsed", "processor time"], rows));
  process.stdout.write("\nIdle sandboxes, MiB of the host's\n");
  const names = { cold: "one, booted", restored: "one, from a snapshot", many: "from one snapshot" };
  const costs = (["cold", "restored", "many"] as const).map((kind) => {
    const { sandboxes, private: own, translated, proportional } = density[kind];
    const name = kind === "many" ? `${sandboxes} ${names.many}` : names[kind];
    return [name, ...[own, translated, proportional].map((bytes) => (bytes / MIB).toFixed(0))];
  });
  process.stdout.write(formatTable(["", "private", "of that translated code", "proportional"], costs));
}

/** Other work on the machine only ever makes a start longer. */
function least(machines: MachineStarts, kind: StartKind, what: "elapsed" | "cpu"): number {
  return Math.min(...machines[kind].map((start) => start[what]));
}

function snapshotPromises(report: Report): [string, number, number | undefined][] {
  const { snapshots } = report;
  if (snapshots === undefined) return [];
  const { machines, density } = snapshots;
  const [bare, cold, restored] = (["bare", "cold", "restored"] as const).map((kind) =>
    least(machines, kind, "elapsed"),
  );
  const ratio = (over = Number.NaN, under = Number.NaN) => over / under;
  const withoutCode = (kind: keyof typeof density) => density[kind].private - density[kind].translated;
  return [
    ["agent answers, from a snapshot over booted", 0.2, ratio(restored, cold)],
    ["agent answers, booted, over busybox init", 1.25, ratio(cold, bare)],
    ["first frame, from a snapshot over booted", 0.5, ratio(report.coldStart.restored, report.coldStart.arena)],
    ["ten idle over one that was booted, private", 2.5, ratio(density.many.private, density.cold.private)],
    ["the same, without translated code", 2.5, ratio(withoutCode("many"), withoutCode("cold"))],
    ["ten idle over one from a snapshot, private", 2.5, ratio(density.many.private, density.restored.private)],
  ];
}

function promises(report: Report): string[][] {
  const large = report.frames.at(-1)?.ways ?? {};
  const best = Math.max(large.waypipe?.framesPerSecond ?? 0, large.waypipeLz4?.framesPerSecond ?? 0);
  const cheapest = Math.min(large.waypipe?.bridgeMs ?? Infinity, large.waypipeLz4?.bridgeMs ?? Infinity);
  const row = (promise: string, limit: number, measured: number | undefined, atLeast = false) => {
    if (measured === undefined || Number.isNaN(measured)) return [promise, "", "-", ""];
    const met = atLeast ? measured >= limit : measured <= limit;
    return [promise, `${atLeast ? ">=" : "<="} ${limit}`, measured.toFixed(2), met ? "met" : "not met"];
  };
  const ratio = (over: number | undefined, under: number | undefined) =>
    over === undefined || under === undefined ? undefined : over / under;
  const { arena } = large;
  const bridge = report.memory.arena?.bridge.resident;
  return [
    row("first frame, cold, over waypipe's", 1, ratio(report.coldStart.arena, report.coldStart.waypipe)),
    row("first frame, machine runs, over waypipe's", 1, ratio(report.warmStart.arena, report.warmStart.waypipe)),
    row("frames/s at 3840x2160 over the best of waypipe", 5, ratio(arena?.framesPerSecond, best), true),
    row("host CPU a frame at 3840x2160 over the least of waypipe", 0.1, ratio(arena?.bridgeMs, cheapest)),
    row("key to pixel, booted: ms over waypipe's best and a wake-up", 2, latencyExcess(report, "arena")),
    row("key to pixel, from a snapshot: the same", 2, latencyExcess(report, "restored")),
    row("supervisor with the host half, MiB", 60, bridge === undefined ? undefined : bridge / MIB),
    ...snapshotPromises(report).map(([promise, limit, measured]) => row(promise, limit, measured)),
  ];
}

/** Beyond one guest wake-up: what the guest half adds to a machine whose processors sleep. */
function latencyExcess({ latency, wakeUp = 0 }: Report, way: "arena" | "restored"): number | undefined {
  const ours = latency[way]?.median;
  const peers = [latency.waypipe?.median, latency.waypipeLz4?.median].filter((value) => value !== undefined);
  if (ours === undefined || peers.length === 0) return undefined;
  return ours - Math.min(...peers) - wakeUp;
}
