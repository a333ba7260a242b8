/** `vitrine reset`: a sandbox as it was when it was made. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { yesFlag } from "../flags.ts";
import { madeSandboxName } from "../names.ts";

export const resetCommand = buildCommand<{ yes: boolean }, [string], CliContext>({
  loader: async () => (await import("../sandboxes/keep-sandboxes.ts")).runReset,
  parameters: {
    flags: { yes: yesFlag },
    aliases: { y: "yes" },
    positional: { kind: "tuple", parameters: [{ brief: "Sandbox", ...madeSandboxName }] },
  },
  docs: {
    brief: "Empty a sandbox's home",
    fullDescription: "Apps, colour, network and what it was allowed stay. A sandbox that runs is not reset.",
  },
});
