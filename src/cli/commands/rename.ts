/** `vitrine rename`: another name for a sandbox. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { madeSandboxName } from "../names.ts";

export const renameCommand = buildCommand<Record<never, never>, [string, string], CliContext>({
  loader: async () => (await import("../sandboxes/keep-sandboxes.ts")).runRename,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox", ...madeSandboxName },
        { brief: "Its new name", parse: String, placeholder: "NAME" },
      ],
    },
  },
  docs: {
    brief: "Give a sandbox another name",
    fullDescription: "Launchers, logs, and what it was allowed go with it. A sandbox that runs is not renamed.",
  },
});
