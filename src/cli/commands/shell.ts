/** `vitrine shell`: a terminal in a sandbox. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

export interface ShellFlags {
  readonly user: "user" | "root";
}

export const shellCommand = buildCommand<ShellFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../run/open-shell.ts")).openShell,
  parameters: {
    flags: {
      user: { kind: "enum", values: ["user", "root"], default: "user", brief: "Whom the shell runs as in the sandbox" },
    },
    positional: {
      kind: "array",
      parameter: { brief: "The sandbox, and a command in place of its shell", ...sandboxName },
      minimum: 1,
    },
  },
  docs: {
    brief: "Open a terminal in a running sandbox",
    fullDescription:
      "Keys, Ctrl-C among them, go to the sandbox, and so does the size of the terminal. Leave with exit or Ctrl-D.\n" +
      "Exit status: the shell's.",
  },
});
