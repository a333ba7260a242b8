/** What `vitrine shell` does: joins this terminal to one in the sandbox. */
import { VitrineError } from "../../base/error.ts";
import { connectSandbox, type LaunchedProcess } from "../../host/sandbox/supervisor/control-client.ts";
import type { ShellFlags } from "../commands/shell.ts";
import type { CliContext } from "../context.ts";
import { statusOfProcess } from "../terminal/exit-status.ts";
import { forwardInput, forwardOutput } from "./attach.ts";
import { Output } from "./standard-streams.ts";

/** The login shell that the sandbox has. */
const SHELL = ["/bin/sh", "-c", "if command -v bash >/dev/null; then exec bash -l; else exec sh -l; fi"];

/** What a program must know of the terminal that it really draws on. */
const TERMINAL_VARIABLES = ["TERM", "COLORTERM"];

export async function openShell(
  this: CliContext,
  flags: ShellFlags,
  sandbox: string,
  ...argv: string[]
): Promise<void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new VitrineError("invalid-argument", "Cannot open a shell: standard input and output must be a terminal", {
      fix: `for scripts: vitrine exec ${sandbox} -- COMMAND`,
    });
  }
  const connection = await connectSandbox(sandbox, this.process.env);
  connection.onNotice = (severity, message) => {
    if (severity === "error") process.stderr.write(`\r\nvitrine: ${message}\r\n`);
  };
  try {
    const variables = TERMINAL_VARIABLES.flatMap((name) => {
      const value = this.process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const launched = await connection.launch({
      argv: argv.length > 0 ? argv : SHELL,
      environment: Object.fromEntries(variables),
      user: flags.user,
      stdio: { kind: "terminal", ...terminalSize() },
    });
    this.process.exitCode = await inRawMode(() => converse(launched));
  } finally {
    connection.close();
  }
}

async function converse(launched: LaunchedProcess): Promise<number> {
  const stream = launched.streams.get("terminal");
  // The stream is one for both directions: the end of our input must not end the output.
  const output = forwardOutput(stream, new Output(1), { keepWriting: true });
  const input = forwardInput(stream);
  const resized = () => {
    const { rows, columns } = terminalSize();
    void launched.resize(rows, columns).catch(() => {}); // It may have ended just now.
  };
  process.on("SIGWINCH", resized);
  try {
    const end = await launched.ended;
    await output.complete();
    return statusOfProcess(end);
  } finally {
    process.off("SIGWINCH", resized);
    input.close();
    output.close();
  }
}

/** The terminal gets its own mode back however this ends, short of SIGKILL. */
async function inRawMode<T>(work: () => Promise<T>): Promise<T> {
  const restore = () => void process.stdin.setRawMode(false);
  const end = (signal: NodeJS.Signals) => {
    restore();
    process.kill(process.pid, signal);
  };
  process.stdin.setRawMode(true);
  process.once("exit", restore);
  process.once("SIGTERM", end);
  process.once("SIGHUP", end);
  try {
    return await work();
  } finally {
    process.off("exit", restore);
    process.off("SIGTERM", end);
    process.off("SIGHUP", end);
    restore();
  }
}

function terminalSize(): { rows: number; columns: number } {
  const [columns, rows] = process.stdout.getWindowSize();
  return { rows: Math.max(rows, 1), columns: Math.max(columns, 1) };
}
