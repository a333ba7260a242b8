/** `vitrine install`: puts apps into sandboxes. */
import { buildCommand } from "@stricli/core";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import type { SandboxColour } from "../../host/sandbox/colour.ts";
import type { CliContext } from "../context.ts";
import { backgroundSnapshotFlag, builderUnconfinedFlag, colourFlag, networkFlag, releaseFlag } from "../flags.ts";
import { catalogName, homeSize, madeSandboxName } from "../names.ts";

export interface InstallFlags {
  readonly sandbox?: string;
  readonly recommends: boolean;
  readonly release: string;
  readonly disk?: number;
  readonly network?: NetworkPolicy;
  readonly colour?: SandboxColour;
  readonly snapshot: boolean;
  readonly unconfined: boolean;
}

export const installCommand = buildCommand<InstallFlags, [string, ...string[]], CliContext>({
  loader: async () => (await import("../apps/install-apps.ts")).runInstall,
  parameters: {
    flags: {
      sandbox: {
        kind: "parsed",
        ...madeSandboxName,
        optional: true,
        brief: "Sandbox to put them all into (default: each gets one of its own, named for its package)",
      },
      recommends: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Also what their packages only recommend",
      },
      release: releaseFlag,
      disk: { kind: "parsed", ...homeSize, optional: true, brief: "Most that the home may take (default: 16G)" },
      network: networkFlag,
      colour: colourFlag,
      snapshot: backgroundSnapshotFlag,
      unconfined: builderUnconfinedFlag,
    },
    positional: {
      kind: "array",
      parameter: { brief: "AppStream id, package, name, or a .deb file", ...catalogName },
      minimum: 1,
    },
  },
  docs: {
    brief: "Install apps, each in a sandbox of its own",
    fullDescription:
      "Packages are fetched and installed in a virtual machine; nothing of them runs on this one. The app gets a launcher, and\n" +
      "a home that stays. Ctrl-C leaves everything as it was.\n\n" +
      "  vitrine install org.gnome.Calculator\n" +
      "  vitrine install --sandbox office libreoffice-writer ./dictionary.deb",
  },
});
