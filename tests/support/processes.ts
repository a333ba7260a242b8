/** Running and ending other programs in tests. */
import { type ChildProcess, execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { VitrineError } from "../../src/base/error.ts";
import { DEFAULT_DEADLINE_MS, eventually } from "./deadline.ts";

/** Time for a program to end when asked to, in milliseconds; then it is killed. */
const END_DEADLINE_MS = 3000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Whom compositors and apps run as when the tests run as root. */
export const NOBODY = 65_534;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The words that start a program as the apps' user; should the tests be killed, it is killed as well. */
export function commandAsApp(words: readonly string[]): [program: string, ...args: string[]] {
  const drop = isRoot() ? [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [];
  return ["setpriv", "--pdeathsig=KILL", ...drop, ...words];
}

/** Runs a program to its end, in `folder` if given; returns what it printed, fails unless it succeeds. */
export function runTool(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  deadlineMs = DEFAULT_DEADLINE_MS,
  folder?: string,
): Promise<string> {
  const options = {
    encoding: "utf8" as const,
    env: { ...process.env, ...environment },
    ...(folder === undefined ? {} : { cwd: folder }),
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: deadlineMs,
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      reject(new VitrineError("io", `running "${command}" failed: ${stderr.trim() || stdout.trim() || error.message}`));
    });
  });
}

/** All that a child started with piped output prints, and how it ended. */
export async function collect(child: ChildProcess): Promise<{ status: number | null; out: Buffer }> {
  const parts: Buffer[] = [];
  child.stdout?.on("data", (part: Buffer) => parts.push(part));
  child.stderr?.resume();
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { status, out: Buffer.concat(parts) };
}

/** Ends the process group of a child that was started detached: asks, then kills. */
export async function endProcess(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), END_DEADLINE_MS);
  signalGroup(pid, "SIGTERM");
  await exited;
  clearTimeout(timer);
}

/** Kills every process whose environment has `name`=`value`, and waits until all are gone. */
export async function killByEnvironment(name: string, value: string): Promise<void> {
  // A process that is just starting a program has no environment for a moment: one look may miss it.
  let looksInVain = 0;
  await eventually(`killing the processes with ${name}=${value}`, DEFAULT_DEADLINE_MS, () => {
    const found = processesByEnvironment(name, value);
    for (const pid of found) signalProcess(pid, "SIGKILL");
    looksInVain = found.length === 0 ? looksInVain + 1 : 0;
    return looksInVain === 2 ? true : undefined;
  });
}

/** Process ids, this process's own aside. What belongs to others cannot be seen and is left out. */
export function processesByEnvironment(name: string, value: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/environ`, "utf8").split("\0").includes(`${name}=${value}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalProcess(-pid, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // Gone already.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** All that a process has started and that still runs. */
export function descendants(pid: number): number[] {
  const children = readOr(`/proc/${pid}/task/${pid}/children`, "").split(" ").filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** False also for a process that is over and only waits for its parent to ask. */
export function alive(pid: number): boolean {
  const status = readOr(`/proc/${pid}/status`, "");
  return status !== "" && !/^State:\tZ/m.test(status);
}

/** What a file of /proc says; `fallback` when its process has gone. */
export function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
