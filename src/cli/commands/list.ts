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
  /** Bytes of host memory that would be free without this sandbox: of its supervisor and its monitor. */
  readonly ownMemory: number | null;
  /** Bytes that those two have in common with others, other sandboxes above all. */
  readonly sharedMemory: number | null;
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
        ["SANDBOX", "IMAGE", "STATE", "PID", "UP", "OWN MEMORY", "SHARED", "GUEST USED", "WINDOWS"],
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
      "Memory: what the host would have free without the sandbox, what its supervisor and virtual machine monitor share with others, and what the guest has in use.",
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
    return { ...known, ...unknown, state, ownMemory: null, sharedMemory: null, guestMemory: null, processes: [] };
  }
  const { total, available } = info.guestMemory ?? {};
  const pids = [info.supervisorPid, ...(info.monitorPid === null ? [] : [info.monitorPid])];
  const { memoryCost } = await import("../../host/sandbox/resident.ts");
  const costs = pids.flatMap((pid) => memoryCost(pid) ?? []);
  const sum = (part: "own" | "shared") => costs.reduce((total, cost) => total + cost[part], 0);
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
    ownMemory: sum("own"),
    sharedMemory: sum("shared"),
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
    bytes(sandbox.ownMemory),
    bytes(sandbox.sharedMemory),
    bytes(sandbox.guestMemory),
    String(sandbox.windows ?? "-"),
  ];
}
