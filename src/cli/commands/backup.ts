/** `vitrine backup`: a sandbox as one file. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { madeSandboxName } from "../names.ts";

export const backupCommand = buildCommand<Record<never, never>, [string, string], CliContext>({
  loader: async () => (await import("../sandboxes/keep-sandboxes.ts")).runBackup,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox", ...madeSandboxName },
        { brief: "File to write; there must be none of that name", parse: String, placeholder: "FILE" },
      ],
    },
  },
  docs: {
    brief: "Write a sandbox with its home to a file",
    fullDescription:
      "The file holds the home, which apps there are, and packages that were installed from files; not what the sandbox was\n" +
      "allowed. vitrine restore brings it back, also on another machine. It is packed, but not encrypted.\n\n" +
      "  vitrine stop letters\n" +
      "  vitrine backup letters letters.vitrine\n" +
      "  vitrine restore letters.vitrine",
  },
});
