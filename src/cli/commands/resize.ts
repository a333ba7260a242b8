/** `vitrine resize`: gives the home of a sandbox more room. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { homeSize, madeSandboxName } from "../names.ts";
import { formatBytes } from "../terminal/report.ts";

export const resizeCommand = buildCommand<Record<never, never>, [string, number], CliContext>({
  async func(_flags, name, bytes) {
    const { resizeSandbox } = await import("../../host/sandbox/make.ts");
    const { used, running } = resizeSandbox(name, bytes, this.process.env);
    const when = running ? ", from its next start" : "";
    this.process.stdout.write(`${name}: a home of up to ${formatBytes(bytes)}, ${formatBytes(used)} used${when}\n`);
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Sandbox", ...madeSandboxName },
        { brief: "Most that its home may take: 32G", ...homeSize },
      ],
    },
  },
  docs: {
    brief: "Give the home of a sandbox more room",
    fullDescription:
      "A home takes as much room on the disk as it holds; this is the most that it may. It can only grow.",
  },
});
