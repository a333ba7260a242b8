/** `vitrine remove`: removes apps, and sandboxes with their homes. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { builderUnconfinedFlag, yesFlag } from "../flags.ts";
import { installedName } from "../names.ts";

export interface RemoveFlags {
  readonly yes: boolean;
  readonly unconfined: boolean;
}

export const removeCommand = buildCommand<RemoveFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../apps/remove-apps.ts")).runRemove,
  parameters: {
    flags: {
      yes: yesFlag,
      unconfined: builderUnconfinedFlag,
    },
    aliases: { y: "yes" },
    positional: { kind: "array", parameter: { brief: "App or sandbox", ...installedName }, minimum: 1 },
  },
  docs: {
    brief: "Remove apps, and sandboxes with their homes",
    fullDescription:
      "An app that shares its sandbox with others is taken out of it. The last app of a sandbox goes with the sandbox, and so\n" +
      "does what is in its home, and what it was allowed. A sandbox that runs is not removed: vitrine stop ends it.",
  },
});
