/** `vitrine demo`: real apps from one virtual machine, from nothing. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";

export interface DemoFlags {
  readonly headless: boolean;
  readonly sharedMemory: boolean;
  readonly yes: boolean;
}

export const demoCommand = buildCommand<DemoFlags, [], CliContext>({
  loader: async () => (await import("../demo/demo.ts")).runDemo,
  parameters: {
    flags: {
      headless: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Use a desktop of its own although one runs here",
      },
      sharedMemory: {
        kind: "boolean",
        default: true,
        brief: "Share window pixels with the guest through memory; else they are sent",
      },
      yes: { kind: "boolean", default: false, withNegated: false, brief: "Install what is missing without asking" },
    },
  },
  docs: {
    brief: "Show a calculator and a terminal from one virtual machine",
    fullDescription:
      "Builds what is missing, then opens gnome-calculator and foot from one sandbox.\n" +
      "On a Wayland desktop their windows open there; the demo ends when both are closed, or with Ctrl-C.\n" +
      "Without one a headless desktop (sway) is started, the apps are used, and the picture is left in ./demo.png.",
  },
});
