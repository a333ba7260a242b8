/** `vitrine update`: brings installed apps up to date. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { backgroundSnapshotFlag, builderUnconfinedFlag } from "../flags.ts";
import { installedName } from "../names.ts";

export interface UpdateFlags {
  readonly all: boolean;
  readonly force: boolean;
  readonly snapshot: boolean;
  readonly unconfined: boolean;
}

export const updateCommand = buildCommand<UpdateFlags, string[], CliContext>({
  loader: async () => (await import("../apps/update-apps.ts")).runUpdate,
  parameters: {
    flags: {
      all: { kind: "boolean", default: false, withNegated: false, brief: "Every sandbox with apps" },
      force: { kind: "boolean", default: false, withNegated: false, brief: "Build anew although nothing is newer" },
      snapshot: backgroundSnapshotFlag,
      unconfined: builderUnconfinedFlag,
    },
    positional: { kind: "array", parameter: { brief: "App or sandbox", ...installedName } },
  },
  docs: {
    brief: "Bring apps up to date",
    fullDescription:
      "What is new is built beside what there is, and used from the sandbox's next start on. vitrine rollback goes back.",
  },
});
