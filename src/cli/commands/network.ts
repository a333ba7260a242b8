/** `vitrine network`: what a sandbox may reach. */
import { buildCommand } from "@stricli/core";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import type { CliContext } from "../context.ts";
import { madeSandboxName, networkPolicy } from "../names.ts";

export const networkCommand = buildCommand<Record<never, never>, [string, NetworkPolicy?], CliContext>({
  async func(_flags, name, policy) {
    const { formatPolicy } = await import("../../host/network/policy.ts");
    const { readConfig } = await import("../../host/sandbox/config.ts");
    const { findConnection } = await import("../../host/sandbox/supervisor/control-client.ts");
    if (policy === undefined) {
      const { network } = readConfig(name, this.process.env);
      return void this.process.stdout.write(`${formatPolicy(network)}\n`);
    }
    const { setNetwork } = await import("../../host/sandbox/make.ts");
    setNetwork(name, policy, this.process.env);
    const connection = await findConnection(name, this.process.env);
    try {
      await connection?.setNetwork(formatPolicy(policy));
    } finally {
      connection?.close();
    }
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox", ...madeSandboxName },
        { brief: "What it may reach from now on; without, what it may is shown", optional: true, ...networkPolicy },
      ],
    },
  },
  docs: {
    brief: "Show or set what a sandbox may reach",
    fullDescription:
      "none: nothing. internet: everything but this machine and local networks. lan: local networks too. Otherwise a list of\n" +
      "hosts: example.org, *.example.org (with all below it), 192.168.1.7, 10.0.0.0/8, each with a port if only that is\n" +
      "meant (example.org:443), and localhost:8080 for a port of this machine. It counts at once, for connections that there\n" +
      "are too.\n\n" +
      "  vitrine network letters example.org:443,*.example.net",
  },
});
