/** `vitrine clone`: a second sandbox like the first. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { madeSandboxName } from "../names.ts";

export const cloneCommand = buildCommand<Record<never, never>, [string, string], CliContext>({
  loader: async () => (await import("../sandboxes/keep-sandboxes.ts")).runClone,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox", ...madeSandboxName },
        { brief: "Name of the new one", parse: String, placeholder: "NAME" },
      ],
    },
  },
  docs: {
    brief: "Make a sandbox with the same apps and a copy of the home",
    fullDescription:
      "What the first one was allowed, beside its network, the new one is not: vitrine permissions shows both.",
  },
});
