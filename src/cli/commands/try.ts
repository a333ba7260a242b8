/** `vitrine try`: runs an app once; nothing of it stays. */
import { buildCommand } from "@stricli/core";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import type { CliContext } from "../context.ts";
import { catalogName, madeSandboxName, networkPolicy } from "../names.ts";

export interface TryFlags {
  readonly sandbox?: string;
  readonly display: boolean;
  readonly network?: NetworkPolicy;
}

export const tryCommand = buildCommand<TryFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../try/try-app.ts")).tryApp,
  parameters: {
    flags: {
      sandbox: {
        kind: "parsed",
        ...madeSandboxName,
        optional: true,
        brief: "Sandbox whose app is meant, where several have it",
      },
      display: { kind: "boolean", default: true, brief: "Show windows; without, no Wayland session is needed" },
      network: {
        kind: "parsed",
        ...networkPolicy,
        optional: true,
        brief: "What it may reach; see vitrine network (default: what the installed app may, else internet)",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "App and what it shall open; or an image, then the command and its arguments",
        ...catalogName,
      },
      minimum: 1,
    },
  },
  docs: {
    brief: "Run an app once, and keep nothing",
    fullDescription:
      "Starts a sandbox that nothing else uses, and ends it when the app has ended and its windows are closed. What the app\n" +
      "has written, its home and its logs among it, is gone then.\n\n" +
      "  vitrine try org.gnome.Calculator          # fetched first when it is not installed\n" +
      "  vitrine try demo -- gnome-calculator      # of an image\n\n" +
      "Exit status: the app's.",
  },
});
