/** What a command gets to work with, so that tests can run the whole command line in memory. */
import type { CommandContext } from "@stricli/core";
import type { Environment } from "../host/sandbox/directories.ts";

interface OutputStream {
  write(text: string): void;
  readonly isTTY?: boolean | undefined;
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined;
}

export interface CliContext extends CommandContext {
  readonly process: {
    readonly stdout: OutputStream;
    readonly stderr: OutputStream;
    readonly env: Environment;
    exitCode?: number | string | null;
  };
}

/** Writes `value` for programs: one JSON document. */
export function writeJson(context: CliContext, value: unknown): void {
  context.process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
