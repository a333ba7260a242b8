/** What was measured, as JSON or as tables, and the promises of docs/SPECIFICATION.md against it. */
import { formatTable } from "../src/cli/report.ts";
import type { FramesResult } from "./measure-frames.ts";

export type WayName = "native" | "arena" | "stream" | "waypipe" | "waypipeLz4";
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
}

interface Memory {
  readonly resident: number;
  readonly private: number;
}

const NAMES: Readonly<Record<WayName, string>> = {
  native: "native",
  arena: "vitrine, shared memory",
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

  print("\nPromises\n");
  print(formatTable(["promise", "wanted", "measured", ""], promises(report)));
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
    row("key to pixel over the best of waypipe, ms more than a guest wake-up", 2, latencyExcess(report)),
    row("supervisor with the host half, MiB", 60, bridge === undefined ? undefined : bridge / MIB),
  ];
}

/** Beyond one guest wake-up: what the guest half adds to a machine whose processors sleep. */
function latencyExcess({ latency, wakeUp = 0 }: Report): number | undefined {
  const peers = [latency.waypipe?.median, latency.waypipeLz4?.median].filter((value) => value !== undefined);
  if (latency.arena === undefined || peers.length === 0) return undefined;
  return latency.arena.median - Math.min(...peers) - wakeUp;
}
