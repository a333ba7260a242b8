/** `vitrine permissions`: what a sandbox may do on the desktop. */
import { buildCommand } from "@stricli/core";
import { TOPIC_NAMES, valuesOf } from "../../host/policy/topics.ts";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

export interface PermissionsFlags {
  readonly json: boolean;
  readonly reset: boolean;
  readonly apply: boolean;
}

export const permissionsCommand = buildCommand<
  PermissionsFlags,
  [sandbox: string, topic?: string, value?: string],
  CliContext
>({
  loader: async () => (await import("../sandboxes/permissions.ts")).permissions,
  parameters: {
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      reset: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Forget what was set for this sandbox: the topic, or all of it",
      },
      apply: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Have the running sandbox follow files that were edited by hand",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox, running or not", ...sandboxName },
        {
          brief: "What it is about; without it, everything is shown",
          parse: String,
          placeholder: "TOPIC",
          optional: true,
          proposeCompletions: async (partial: string) => [...TOPIC_NAMES].filter((name) => name.startsWith(partial)),
        },
        {
          brief: "What to set it to; without it, the topic is explained",
          parse: String,
          placeholder: "VALUE",
          optional: true,
          proposeCompletions: async (partial: string) =>
            [...new Set(TOPIC_NAMES.flatMap(valuesOf))].filter((value) => value.startsWith(partial)),
        },
      ],
    },
  },
  docs: {
    brief: "Show and set what a sandbox may do on the desktop",
    fullDescription:
      "Topics:\n" +
      TOPIC_NAMES.map((topic) => `  ${topic.padEnd(18)} ${valuesOf(topic).join(" | ")}`).join("\n") +
      "\n  interface:NAME     deny | allow\n\n" +
      "A change is written to policy.d/SANDBOX.conf in $XDG_CONFIG_HOME/vitrine, and followed at once if the sandbox runs.\n" +
      "policy.conf beside that folder is for all sandboxes; docs/PERMISSIONS.md has the format, and what each topic means.\n\n" +
      "  vitrine permissions demo fullscreen allow\n\n" +
      "Exit status: 65 when a policy file is broken, which denies everything.",
  },
});
