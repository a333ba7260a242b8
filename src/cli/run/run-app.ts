/** What `vitrine run` does. */
import type { Phase } from "../../channel/contract/control.ts";
import { PHASES } from "../../channel/contract/control.ts";
import { requireCompositor } from "../../host/sandbox/supervisor/compositor.ts";
import type { LaunchedProcess, SandboxConnection } from "../../host/sandbox/supervisor/control-client.ts";
import type { RunFlags } from "../commands/run.ts";
import { type CliContext, writeJson } from "../context.ts";
import { statusOfProcess } from "../terminal/exit-status.ts";
import { formatTable } from "../terminal/report.ts";
import { attach } from "./attach.ts";
import { handOver } from "./hand-in.ts";
import { launchCommand } from "./launch.ts";
import { openSandbox } from "./prepare.ts";
import { type RunTarget, runTarget } from "./run-target.ts";

/** How long --timings waits for the first frame, in milliseconds: a cold start of a heavy app under emulation and more. */
export const FIRST_FRAME_DEADLINE_MS = 120_000;

/**
 * When each phase was reached, in milliseconds since the command began; phases that were over before are absent. `start`
 * is how the machine came to run, if it did not run before.
 */
type Timings = Partial<Record<Phase, number>> & { start?: "cold" | "restored" };

export async function runApp(this: CliContext, flags: RunFlags, ...argv: string[]): Promise<void> {
  const target = runTarget(flags, argv, this.process.env);
  const compositor = flags.display ? requireCompositor(this.process.env) : undefined;
  const connection = await openSandbox(this, {
    name: target.name,
    image: target.image,
    compositor,
    sharedMemory: flags.sharedMemory,
    snapshots: flags.snapshot,
    memoryMib: flags.memory,
    driver: flags.driver,
    confined: !flags.unconfined,
    network: flags.network,
  });
  connection.onNotice = (severity, message) => {
    if (severity !== "info") this.process.stderr.write(`vitrine: ${message}\n`);
  };
  try {
    const firstFrame = watchFirstFrame(connection);
    const tell = (message: string) => void this.process.stderr.write(`vitrine: ${message}\n`);
    const { launched, finish } = await launchApp(connection, flags, target, tell);
    firstFrame.spawned();
    if (flags.timings) {
      await Promise.race([firstFrame.seen, endOf(launched, compositor === undefined)]);
      reportTimings(this, flags, await collectTimings(connection, firstFrame.times));
    }
    if (flags.wait) this.process.exitCode = statusOfProcess(await attach(launched, { input: false }));
    await finish?.(launched);
  } finally {
    connection.close();
  }
}

/** Starts it; an installed app gets copies of the files that it shall open. `finish`: see {@link handOver}. */
async function launchApp(
  connection: SandboxConnection,
  flags: RunFlags,
  { argv, entry }: RunTarget,
  tell: (message: string) => void,
) {
  const stdio = { kind: flags.wait ? ("streams" as const) : ("null" as const) };
  const app = { environment: {}, user: "user" as const, stdio };
  if (entry === undefined) return { launched: await launchCommand(connection, { ...app, argv }), finish: undefined };
  const [name = "", ...words] = argv;
  const { words: given, finish } = await handOver(connection, words, tell);
  return { launched: await launchCommand(connection, { ...app, argv: [name, ...given], entry }), finish };
}

interface FirstFrame {
  readonly times: { spawn?: number; firstFrame?: number };
  readonly seen: Promise<void>;
  spawned(): void;
}

/** The app's first frame is the first new window after its launch. */
function watchFirstFrame(connection: SandboxConnection): FirstFrame {
  const times: FirstFrame["times"] = {};
  const seen = Promise.withResolvers<void>();
  connection.onPhase = (phase, at) => {
    if (phase !== "firstFrame" || times.firstFrame !== undefined) return;
    times.firstFrame = at;
    seen.resolve();
  };
  return {
    times,
    seen: seen.promise,
    spawned: () => {
      times.spawn = Date.now();
    },
  };
}

/** Resolves when no first frame is to be expected any more. */
async function endOf(launched: LaunchedProcess, noDisplay: boolean): Promise<void> {
  if (noDisplay) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, FIRST_FRAME_DEADLINE_MS);
  launched.ended.then(() => resolve(), resolve);
  await promise;
  clearTimeout(timer);
}

async function collectTimings(connection: SandboxConnection, own: FirstFrame["times"]): Promise<Timings> {
  const began = performance.timeOrigin;
  const { phases, start } = await connection.info();
  const all: Partial<Record<Phase, number>> = { ...phases, ...own };
  if (own.firstFrame === undefined) delete all.firstFrame;
  const reached = PHASES.flatMap((phase): [Phase, number][] => {
    const at = all[phase];
    return at === undefined || at < began ? [] : [[phase, Math.round(at - began)]];
  });
  const timings: Timings = Object.fromEntries(reached);
  return timings.agent === undefined || start === null ? timings : { start, ...timings };
}

function reportTimings(context: CliContext, flags: RunFlags, timings: Timings): void {
  if (flags.json) return writeJson(context, timings);
  const rows = PHASES.map((phase) => [phase, timings[phase] === undefined ? "-" : `${timings[phase]} ms`]);
  if (timings.start !== undefined) rows.push(["start", timings.start]);
  context.process.stdout.write(formatTable(["phase", "reached after"], rows));
}
