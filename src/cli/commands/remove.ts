/** `vitrine remove`: removes sandboxes with their homes. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { madeSandboxName } from "../names.ts";
import { formatBytes } from "../report.ts";

interface RemoveFlags {
  readonly yes: boolean;
}

export const removeCommand = buildCommand<RemoveFlags, [string, ...string[]], CliContext>({
  async func({ yes }, ...names) {
    const { removeSandbox } = await import("../../host/sandbox/make.ts");
    const { configDirectory, readConfig } = await import("../../host/sandbox/config.ts");
    const { findHomeDisk } = await import("../../host/sandbox/home-disk.ts");
    const { confirm } = await import("../confirm.ts");
    const used = names.reduce((sum, name) => {
      readConfig(name, this.process.env);
      return sum + (findHomeDisk(configDirectory(name, this.process.env))?.usedBytes ?? 0);
    }, 0);
    await confirm(`Remove ${names.join(", ")} with all that is in the home (${formatBytes(used)})?`, { yes });
    for (const name of names) await removeSandbox(name, this.process.env);
  },
  parameters: {
    flags: { yes: { kind: "boolean", default: false, withNegated: false, brief: "Do not ask" } },
    aliases: { y: "yes" },
    positional: { kind: "array", parameter: { brief: "Sandbox to remove", ...madeSandboxName }, minimum: 1 },
  },
  docs: {
    brief: "Remove sandboxes with their homes",
    fullDescription:
      "What is in a home is gone then, and so is what was allowed. A sandbox that runs is not removed: vitrine stop ends it.",
  },
});
