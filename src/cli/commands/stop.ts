/** `vitrine stop`: ends sandboxes. */
import { buildCommand } from "@stricli/core";
import type { CliContext } from "../context.ts";
import { sandboxName } from "../names.ts";

interface StopFlags {
  readonly force: boolean;
  readonly all: boolean;
}

export const stopCommand = buildCommand<StopFlags, string[], CliContext>({
  async func({ force, all }, ...names) {
    const { VitrineError } = await import("../../base/error.ts");
    const { listSandboxes } = await import("../../host/sandbox/record.ts");
    const { connectSandbox } = await import("../../host/sandbox/supervisor/control-client.ts");
    if (names.length === 0 && !all) {
      throw new VitrineError("invalid-argument", "Cannot stop: name a sandbox", {
        fix: "vitrine list shows them; --all stops all",
      });
    }
    const targets = all ? listSandboxes(this.process.env).map((entry) => entry.name) : names;
    const results = await Promise.allSettled(
      targets.map(async (name) => {
        const connection = await connectSandbox(name, this.process.env);
        try {
          await connection.stop(force);
        } finally {
          connection.close();
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  },
  parameters: {
    flags: {
      force: { kind: "boolean", default: false, withNegated: false, brief: "Kill the virtual machine at once" },
      all: { kind: "boolean", default: false, withNegated: false, brief: "Stop every sandbox" },
    },
    positional: { kind: "array", parameter: { brief: "Sandbox to stop", ...sandboxName } },
  },
  docs: {
    brief: "Stop sandboxes",
    fullDescription:
      "Processes get SIGTERM, and SIGKILL three seconds later; then the virtual machine ends. Returns when it has.",
  },
});
