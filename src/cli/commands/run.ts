/** `vitrine run`: starts an app in a sandbox, and the sandbox when it does not run. */
import { buildCommand, numberParser } from "@stricli/core";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import { DRIVER_NAMES, type DriverName } from "../../host/vmm/drivers.ts";
import type { CliContext } from "../context.ts";
import { imageName, installedName, madeSandboxName, networkPolicy, sandboxName } from "../names.ts";

export interface RunFlags {
  readonly image?: string;
  readonly sandbox?: string;
  readonly name?: string;
  readonly wait: boolean;
  readonly timings: boolean;
  readonly json: boolean;
  readonly display: boolean;
  readonly sharedMemory: boolean;
  readonly snapshot: boolean;
  readonly memory?: number;
  readonly driver?: DriverName;
  readonly unconfined: boolean;
  readonly network?: NetworkPolicy;
  readonly action?: string;
}

export const runCommand = buildCommand<RunFlags, string[], CliContext>({
  loader: async () => (await import("../run/run-app.ts")).runApp,
  parameters: {
    flags: {
      sandbox: {
        kind: "parsed",
        ...madeSandboxName,
        optional: true,
        brief: "Sandbox to run it in; vitrine create makes one",
      },
      image: {
        kind: "parsed",
        ...imageName,
        optional: true,
        brief: "Image to run it in, in a sandbox that keeps nothing; vitrine image list shows them",
      },
      name: {
        kind: "parsed",
        ...sandboxName,
        optional: true,
        brief: "Name of the sandbox that keeps nothing (default: the image's)",
      },
      wait: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Show the app's output and exit as it does; Ctrl-C goes to the app",
      },
      timings: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Wait for the first frame and print milliseconds since the command began",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print timings as JSON" },
      display: {
        kind: "boolean",
        default: true,
        brief: "Show windows; a sandbox without a display needs no Wayland session",
      },
      sharedMemory: {
        kind: "boolean",
        default: true,
        brief: "Share window pixels with the guest through memory; else they are sent",
      },
      snapshot: {
        kind: "boolean",
        default: true,
        brief: "Start from a snapshot of the image, and take one where there is none; else boot",
      },
      network: {
        kind: "parsed",
        ...networkPolicy,
        optional: true,
        brief: "What a sandbox of an image may reach (default: none); see vitrine network",
      },
      action: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "One of the app's actions, as its launcher has them",
        placeholder: "NAME",
      },
      memory: {
        kind: "parsed",
        parse: numberParser,
        optional: true,
        brief: "MiB of memory the guest may use",
        placeholder: "MIB",
      },
      driver: {
        kind: "enum",
        values: DRIVER_NAMES,
        optional: true,
        brief: "Virtual machine monitor (default: the first that works here)",
      },
      unconfined: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "DANGEROUS: run the virtual machine monitor without namespaces of its own, where they cannot be made",
      },
    },
    positional: {
      kind: "array",
      parameter: {
        brief: "App and what it shall open; or a command and its arguments, after --",
        ...installedName,
        placeholder: "APP",
      },
      minimum: 1,
    },
  },
  docs: {
    brief: "Run an app in a sandbox",
    fullDescription:
      "Starts an installed app, or a command, in a virtual machine of its own. Its windows appear on the desktop.\n" +
      "A sandbox that runs already only gets one more app. It stops by itself half a minute after its last process ended and its last window closed.\n\n" +
      "An installed app opens files of yours as copies, which come back whenever it saves them; the command then lasts until the\n" +
      "app is closed.\n\n" +
      "  vitrine run org.gnome.Calculator                       # installed by vitrine install\n" +
      "  vitrine run org.gnome.TextEditor letter.txt            # sees that file, and no other\n" +
      "  vitrine run --sandbox letters -- gnome-text-editor     # made by vitrine create; its home stays\n" +
      "  vitrine run --image demo -- gnome-calculator           # nothing of it stays\n\n" +
      "Exit status: 0 once the app runs; with --wait the app's own, 128+n if signal n ended it. 127: no such command in the sandbox.",
  },
});
