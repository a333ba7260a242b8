/** Runs a program of the system as a step of a build: cancellable, its output kept for the error message. */
import { spawn } from "node:child_process";
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";

/** Characters of a program's output that are kept; the end is what tells why it failed. */
const KEPT_OUTPUT_CHARS = 64 * 1024;
const SHOWN_LINES = 6;
const SHOWN_LINE_CHARS = 300;

export interface ToolOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Each line of output as it comes. */
  readonly onLine?: (line: string) => void;
  /** What it starts and mounts is gone when this process is, however that ends. Only root has that for mounts. */
  readonly contained?: boolean;
}

/** Ends with the process that starts it, setpriv(1). */
const BOUND = ["setpriv", "--pdeathsig", "KILL", "--"];
/** In namespaces of its own, which end with it, unshare(1). */
const APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
/** Status of shells, and of the two above, for a program that is not there. */
const NO_SUCH_PROGRAM = 127;

/** Runs `command` to its end; returns its standard output. Throws when it fails, "cancelled" when `signal` ended it. */
export function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new VitrineError("cancelled", `Cannot run "${command}": cancelled`));
    // A process group of its own: what the program starts is ended with it.
    const prefix = options.contained ? [...BOUND, ...(process.getuid?.() === 0 ? APART : [])] : [];
    const [program = command, ...words] = [...prefix, command, ...args];
    const child = spawn(program, words, {
      cwd: options.cwd,
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/",
        LC_ALL: "C",
        ...options.environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let all = "";
    let partial = "";
    const take = (text: string) => {
      all = (all + text).slice(-KEPT_OUTPUT_CHARS);
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) options.onLine?.(line);
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      take(text);
    });
    child.stderr.setEncoding("utf8").on("data", take);
    const abort = () => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    signal?.addEventListener("abort", abort, { once: true });
    child.on("error", (cause) => reject(missing(program, cause)));
    child.on("close", (status, killedBy) => {
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted) reject(new VitrineError("cancelled", `Cannot finish "${command}": cancelled`));
      else if (status === 0) resolve(stdout);
      else if (status === NO_SUCH_PROGRAM && options.contained) reject(missing(command));
      else reject(failure(command, killedBy ?? `exit status ${status}`, all));
    });
  });
}

function missing(program: string, cause?: Error): VitrineError {
  return new VitrineError("unavailable", `Cannot run "${program}": ${cause?.message ?? "it is not there"}`, {
    cause,
    fix: "./vitrine setup",
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // It has ended by itself.
  }
}

function failure(command: string, how: string, output: string): VitrineError {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const last = lines.slice(-SHOWN_LINES).map((line) => `  ${sanitizeText(line, SHOWN_LINE_CHARS)}`);
  const message = [`Cannot finish "${command}": ${how}`, ...last].join("\n");
  if (/No space left on device|Disk quota exceeded|ENOSPC/i.test(output)) {
    return new VitrineError("no-space", message, {
      fix: "free disk space, or set XDG_DATA_HOME to a place that has some",
    });
  }
  if (
    /is not signed|NO_PUBKEY|BADSIG|Hash Sum mismatch|signature.*(invalid|couldn't be verified)|EXPKEYSIG/i.test(output)
  ) {
    return new VitrineError("corrupt", message, {
      fix: "check VITRINE_DEBIAN_MIRROR and that debian-archive-keyring is up to date",
    });
  }
  return new VitrineError("io", message);
}
