/** `vitrine restore`: makes a sandbox of a backup. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { builderUnconfinedFlag, yesFlag } from "../flags.ts";

export interface RestoreFlags {
  readonly name?: string;
  readonly yes: boolean;
  readonly unconfined: boolean;
}

export const restoreCommand = buildCommand<RestoreFlags, [string], CliContext>({
  loader: async () => (await import("../sandboxes/keep-sandboxes.ts")).runRestore,
  parameters: {
    flags: {
      name: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Name of the sandbox (default: as it was)",
        placeholder: "SANDBOX",
      },
      yes: yesFlag,
      unconfined: builderUnconfinedFlag,
    },
    aliases: { y: "yes" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "File of vitrine backup", parse: String, placeholder: "FILE" }],
    },
  },
  docs: {
    brief: "Bring a sandbox back from a file",
    fullDescription:
      "The file is checked first: one that is damaged changes nothing. A sandbox of that name is replaced, home and all.\n" +
      "Apps that this machine does not have are installed anew, as the archive has them now.",
  },
});
