/** `vitrine rollback`: undoes the last change of a sandbox's apps. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { installedName } from "../names.ts";

export const rollbackCommand = buildCommand<Record<never, never>, [string], CliContext>({
  loader: async () => (await import("../apps/update-apps.ts")).runRollback,
  parameters: {
    positional: { kind: "tuple", parameters: [{ brief: "App or sandbox", ...installedName }] },
  },
  docs: {
    brief: "Undo the last install, update or removal in a sandbox",
    fullDescription:
      "The apps are what they were before, from the sandbox's next start on; its home stays as it is. Once more brings the\n" +
      "change back.",
  },
});
