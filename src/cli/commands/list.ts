/** `vitrine list`: the sandboxes that run. */
import { buildCommand } from "@stricli/core";
import type { SandboxEntry } from "../../host/sandbox/record.ts";
import { type CliContext, writeJson } from "../context.ts";
import { formatBytes, formatDuration, formatTable } from "../report.ts";

/** How long a supervisor may take to describe its sandbox before it is listed by its record alone, in milliseconds. */
export const LIST_DEADLINE_MS = 3000;

/** One line of the list; null is what could not be found out. */
interface Listed {
  readonly name: string;
  readonly image: string | null;
  readonly state: "starting" | "running" | "stopping" | "not answering";
  /** The virtual machine monitor, "kvm" or "tcg", and whether it runs inside its walls. */
  readonly driver: string | null;
  readonly accelerator: string | null;
  readonly confined: boolean | null;
  /** Of the supervisor, and of the virtual machine monitor. */
  readonly supervisorPid: number | null;
  readonly monitorPid: number | null;
  readonly startedAt: number | null;
  /** Bytes of host memory that the supervisor and the monitor hold. */
  readonly hostMemory: number | null;
  /** Bytes of guest memory in use. */
  readonly guestMemory: number | null;
  readonly windows: number | null;
  readonly processes: readonly { command: string; startedAt: number }[];
}

export const listCommand = buildCommand<{ json: boolean }, [], CliContext>({
  async func({ json }) {
    const { listSandboxes } = await import("../../host/sandbox/record.ts");
    const entries = listSandboxes(this.process.env);
    const sandboxes = await Promise.all(entries.map((entry) => describe(this, entry)));
    if (json) return writeJson(this, sandboxes);
    if (sandboxes.length === 0) return void this.process.stderr.write("No sandbox runs.\n");
    this.process.stdout.write(
      formatTable(
        ["SANDBOX", "IMAGE", "STATE", "PID", "UP", "HOST MEMORY", "GUEST USED", "WINDOWS"],
        sandboxes.map(row),
      ),
    );
  },
  parameters: {
    flags: { json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" } },
  },
  docs: {
    brief: "List the sandboxes that run",
    fullDescription:
      "Memory is what the supervisor and the virtual machine monitor hold of the host's (shared pages count for each), and what the guest has in use.",
  },
});

async function describe(context: CliContext, entry: SandboxEntry): Promise<Listed> {
  const record = entry.kind === "recorded" ? entry.record : undefined;
  const known = {
    name: entry.name,
    image: record?.image ?? null,
    supervisorPid: record?.supervisorPid ?? null,
    startedAt: record?.startedAt ?? null,
  };
  const info = await ask(context, entry.name);
  if (info === undefined) {
    const state = record === undefined ? "starting" : "not answering";
    const unknown = { driver: null, accelerator: null, confined: null, monitorPid: null, windows: null };
    return { ...known, ...unknown, state, hostMemory: null, guestMemory: null, processes: [] };
  }
  const { total, available } = info.guestMemory ?? {};
  const pids = [info.supervisorPid, ...(info.monitorPid === null ? [] : [info.monitorPid])];
  const { residentBytes } = await import("../../host/sandbox/resident.ts");
  return {
    ...known,
    image: info.image,
    driver: info.driver,
    accelerator: info.accelerator,
    confined: info.confined,
    supervisorPid: info.supervisorPid,
    monitorPid: info.monitorPid,
    startedAt: info.startedAt,
    state: info.state,
    hostMemory: pids.reduce((sum, pid) => sum + residentBytes(pid), 0),
    guestMemory: total === undefined || available === undefined ? null : total - available,
    windows: info.windows,
    processes: info.processes.map(({ command, startedAt }) => ({ command, startedAt })),
  };
}

async function ask(context: CliContext, name: string) {
  const { connectSandbox } = await import("../../host/sandbox/control-client.ts");
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => timer.resolve(undefined), LIST_DEADLINE_MS);
  try {
    const connection = await connectSandbox(name, context.process.env);
    try {
      return await Promise.race([connection.info(), timer.promise]);
    } finally {
      connection.close();
    }
  } catch {
    // It has ended in this moment, or is beyond answering: the record has to do.
    return undefined;
  } finally {
    clearTimeout(timeout);
  }
}

function row(sandbox: Listed): string[] {
  const bytes = (value: number | null) => (value === null ? "-" : formatBytes(value));
  return [
    sandbox.name,
    sandbox.image ?? "-",
    sandbox.confined === false ? `${sandbox.state}, unconfined` : sandbox.state,
    String(sandbox.supervisorPid ?? "-"),
    sandbox.startedAt === null ? "-" : formatDuration(Date.now() - sandbox.startedAt),
    bytes(sandbox.hostMemory),
    bytes(sandbox.guestMemory),
    String(sandbox.windows ?? "-"),
  ];
}
