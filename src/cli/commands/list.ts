/** `vitrine list`: the sandboxes that there are, and what is in them. */
import { buildCommand } from "@stricli/core";
import type { SandboxEntry } from "../../host/sandbox/record.ts";
import { type CliContext, writeJson } from "../context.ts";
import { formatBytes, formatDuration, formatTable } from "../terminal/report.ts";

/** How long a supervisor may take to describe its sandbox before it is listed by its record alone, in milliseconds. */
export const LIST_DEADLINE_MS = 3000;

const NOTHING_RUNS = "No sandbox runs.\n";
const NOTHING_THERE = "No app is installed, and no sandbox runs.\n";

/** One line of the list; null is what could not be found out. */
interface Listed {
  readonly name: string;
  /** What its root is made of: an image, or apps. */
  readonly image: string | null;
  /**
   * "preparing", "ready": an app is being started in it, or has been, for the next one who tries it. "unusable": its
   * configuration cannot be read.
   */
  readonly state:
    | "starting"
    | "preparing"
    | "ready"
    | "running"
    | "stopping"
    | "not answering"
    | "stopped"
    | "unusable";
  /** The virtual machine monitor, "kvm" or "tcg", and whether it runs inside its walls. */
  readonly driver: string | null;
  readonly accelerator: string | null;
  readonly confined: boolean | null;
  /** Of the supervisor, and of the virtual machine monitor. */
  readonly supervisorPid: number | null;
  readonly monitorPid: number | null;
  readonly displayPid: number | null;
  readonly startedAt: number | null;
  /** Bytes of host memory that would be free without this sandbox: of its supervisor and its monitor. */
  readonly ownMemory: number | null;
  /** Bytes that those two have in common with others, other sandboxes above all. */
  readonly sharedMemory: number | null;
  /** Bytes of guest memory in use. */
  readonly guestMemory: number | null;
  readonly windows: number | null;
  readonly processes: readonly { command: string; startedAt: number }[];
  /** Ids and versions of its apps. */
  readonly apps: readonly { id: string; version: string }[];
  /** Bytes that its home takes, and may take; null: what is written to it is gone when it stops. */
  readonly home: { used: number; quota: number } | null;
  readonly network: string | null;
  readonly colour: string | null;
}

export const listCommand = buildCommand<{ json: boolean; running: boolean }, [], CliContext>({
  async func({ json, running }) {
    const { listSandboxes } = await import("../../host/sandbox/record.ts");
    const { configNames } = await import("../../host/sandbox/config.ts");
    const entries = new Map(listSandboxes(this.process.env).map((entry) => [entry.name, entry]));
    const names = new Set([...(running ? [] : configNames(this.process.env)), ...entries.keys()]);
    const sandboxes = await Promise.all([...names].sort().map((name) => describe(this, name, entries.get(name))));
    if (json) return writeJson(this, sandboxes);
    if (sandboxes.length === 0) return void this.process.stderr.write(running ? NOTHING_RUNS : NOTHING_THERE);
    this.process.stdout.write(
      formatTable(
        ["SANDBOX", "APPS OR IMAGE", "STATE", "PID", "UP", "OWN MEMORY", "SHARED", "GUEST USED", "WINDOWS", "HOME"],
        sandboxes.map(row),
      ),
    );
  },
  parameters: {
    flags: {
      json: { kind: "boolean", default: false, withNegated: false, brief: "Print JSON" },
      running: { kind: "boolean", default: false, withNegated: false, brief: "Only those that run" },
    },
  },
  docs: {
    brief: "List the sandboxes with their apps",
    fullDescription:
      "Memory: what the host would have free without the sandbox, what its supervisor and virtual machine monitor share with\n" +
      "others, and what the guest has in use. A sandbox that is ready waits for the next vitrine try of its app. HOME is what the home takes on the disk, of what it may take.",
  },
});

/** What is known of a sandbox without asking it. */
async function known(context: CliContext, name: string, entry: SandboxEntry | undefined) {
  const record = entry?.kind === "recorded" ? entry.record : undefined;
  const made = await configured(context, name);
  return {
    name,
    image: record?.image ?? made?.label ?? null,
    supervisorPid: record?.supervisorPid ?? null,
    startedAt: record?.startedAt ?? null,
    apps: made?.apps ?? [],
    home: made?.home ?? null,
    network: made?.network ?? null,
    colour: made?.colour ?? null,
    usable: made !== undefined || record !== undefined,
  };
}

/** Of one that was made; undefined when it was not, or cannot be read. */
async function configured(context: CliContext, name: string) {
  const { configDirectory, findConfig } = await import("../../host/sandbox/config.ts");
  const { findHomeDisk } = await import("../../host/sandbox/home-disk.ts");
  const { formatPolicy } = await import("../../host/network/policy.ts");
  try {
    const config = findConfig(name, context.process.env);
    if (config === undefined) return undefined;
    const { system, colour, network } = config;
    const apps = system.kind === "apps" ? system.apps.map(({ id, version }) => ({ id, version })) : [];
    const disk = findHomeDisk(configDirectory(name, context.process.env));
    return {
      label: system.kind === "apps" ? apps.map(({ id }) => id).join(",") : system.image,
      apps,
      home: disk === undefined ? null : { used: disk.usedBytes, quota: disk.quotaBytes },
      network: formatPolicy(network),
      colour,
    };
  } catch {
    return undefined;
  }
}

async function describe(context: CliContext, name: string, entry: SandboxEntry | undefined): Promise<Listed> {
  const { usable, ...facts } = await known(context, name, entry);
  const unknown = {
    driver: null,
    accelerator: null,
    confined: null,
    monitorPid: null,
    displayPid: null,
    windows: null,
  };
  const silent = { ...facts, ...unknown, ownMemory: null, sharedMemory: null, guestMemory: null, processes: [] };
  if (entry === undefined) return { ...silent, state: usable ? "stopped" : "unusable" };
  const info = await ask(context, name);
  if (info === undefined) return { ...silent, state: entry.kind === "recorded" ? "not answering" : "starting" };
  const { total, available } = info.guestMemory ?? {};
  const pids = [info.supervisorPid, info.monitorPid, info.displayPid].filter((pid) => pid !== null);
  const { memoryCost } = await import("../../host/sandbox/memory/resident.ts");
  const costs = pids.flatMap((pid) => memoryCost(pid) ?? []);
  const sum = (part: "own" | "shared") => costs.reduce((total, cost) => total + cost[part], 0);
  return {
    ...facts,
    image: info.image,
    network: info.network,
    driver: info.driver,
    accelerator: info.accelerator,
    confined: info.confined,
    supervisorPid: info.supervisorPid,
    monitorPid: info.monitorPid,
    displayPid: info.displayPid,
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
  const { connectSandbox } = await import("../../host/sandbox/supervisor/control-client.ts");
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
    sandbox.home === null ? "-" : `${formatBytes(sandbox.home.used)} of ${formatBytes(sandbox.home.quota)}`,
  ];
}
