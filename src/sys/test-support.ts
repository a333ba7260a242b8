/** What the tests of this folder share: the kernel's own view of this process's descriptors. */
import { readdirSync, readFileSync } from "node:fs";

const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** How many descriptors this process has open. */
export function countDescriptors(): number {
  // The listing itself has the directory open.
  return readdirSync("/proc/self/fd").length - 1;
}

/** The open flags of a descriptor, as the kernel shows them. */
export function descriptorFlags(raw: number): { closeOnExec: boolean; nonBlocking: boolean } {
  const match = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${raw}`, "utf8"));
  const flags = Number.parseInt(match?.[1] ?? "", 8);
  return { closeOnExec: (flags & O_CLOEXEC) !== 0, nonBlocking: (flags & O_NONBLOCK) !== 0 };
}

/** Time for a child process to end by itself before it is killed and the test fails, in milliseconds. */
const CHILD_DEADLINE = 10_000;

/** Runs `script` (an ES module) in a Bun of its own. `signal` is null unless it was killed, by the deadline as a rule. */
export async function runScript(
  script: string,
  input = "",
): Promise<{ exitCode: number | null; signal: unknown; output: string; errors: string }> {
  const child = Bun.spawn([process.execPath, "-e", script], {
    cwd: import.meta.dirname,
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: CHILD_DEADLINE,
    killSignal: "SIGKILL",
  });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { exitCode: child.exitCode, signal: child.signalCode, output, errors };
}

/** What `call` throws; an error when it does not. */
export function failure(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("the call should have failed");
}
