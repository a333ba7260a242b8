/**
 * The Firecracker driver: the first choice where KVM works, since Firecracker is small and memory-safe. The guest's way to
 * the host is a vsock connection that ends in a Unix socket of the working folder; the arena is the memory file of the
 * supervisor, as with QEMU.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { REHEARSAL_OPTION } from "../../../channel/contract/agent.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { pipe } from "../../../sys/process.ts";
import { connectUnix, socketPair } from "../../../sys/socket.ts";
import { runTool } from "../../image/run-tool.ts";
import { ApiMachine, makeWorkFolder } from "../api-machine.ts";
import { guestFiles, type MonitorView, seenPath, writableGuestFiles } from "../confinement.ts";
import type { Capabilities, Driver, RunningVm, SnapshotDriver, VmSpec } from "../driver.ts";
import { findProgram } from "../find-program.ts";
import { listenForGuest } from "../guest-listener.ts";
import { hostFacts } from "../host-facts.ts";
import { HttpConnection, refusal } from "../http-connection.ts";
import { MonitorProcess } from "../monitor-process.ts";
import { monitorVersion, requireVersion } from "../monitor-version.ts";
import {
  API_SOCKET,
  type ApiRequest,
  configurationRequests,
  firecrackerArguments,
  PAUSE_REQUEST,
  RESUME_REQUEST,
  restoreRequest,
  SAVE_REQUESTS,
  SAVED_FILES,
  START_REQUEST,
  VSOCK_SOCKET,
} from "./configuration.ts";
import { statusMeaning } from "./exit-status.ts";

const PROGRAM = "firecracker";
const NAME = "Firecracker";
/** Before it, guests lost vsock connections after a restore, and pmem and free page reporting were missing or new. */
const OLDEST_VERSION = [1, 16, 1] as const;
/** How long Firecracker may take until its API answers: it takes 12 ms. */
export const API_SOCKET_DEADLINE_MS = 10_000;
/** How often its socket is looked for, in milliseconds: it gives no other sign. */
const API_SOCKET_INTERVAL_MS = 2;

const faultSchema = z.object({ fault_message: z.string() });

export class FirecrackerDriver implements Driver {
  readonly name = "firecracker";
  readonly #options: { readonly pci: boolean };

  /** `pci`: devices are on a PCI bus instead of being mapped one by one. */
  constructor(options: { pci: boolean } = { pci: false }) {
    this.#options = options;
  }

  async probe(): Promise<Capabilities> {
    requireVersion(NAME, await monitorVersion(requireFirecracker()), OLDEST_VERSION);
    return {
      sharedMemory: true,
      vsock: true,
      snapshot: true,
      balloon: true,
      hotplug: false,
      gpu: false,
      fsShare: false,
      network: false,
    };
  }

  async start(spec: VmSpec): Promise<RunningVm> {
    return (await this.#launch(spec, (path) => [...configurationRequests(spec, path), START_REQUEST])).machine;
  }

  readonly snapshots: SnapshotDriver = {
    facts: async (spec) => {
      const shape = configurationRequests(spec, (name) => name);
      const { pci } = this.#options;
      return [...hostFacts(requireFirecracker()), JSON.stringify({ shape, pci, confined: spec.confined })];
    },
    startSaveable: async (spec) => {
      const { machine, api } = await this.#launch(spec, (path) => [
        ...configurationRequests(spec, path, [REHEARSAL_OPTION]),
        START_REQUEST,
      ]);
      return Object.assign(machine, { save: (directory: string) => save(machine, api, spec.workFolder, directory) });
    },
    restore: async (spec, directory) => {
      const saved = Object.values(SAVED_FILES).map((name) => [name, join(directory, name)]);
      return (await this.#launch(spec, (path) => [restoreRequest(path)], Object.fromEntries(saved))).machine;
    },
  };

  /** Starts Firecracker and sends it what `requests` says; `path` is how it is told of the files of its view. */
  async #launch(
    spec: VmSpec,
    requests: (path: (file: string) => string) => readonly ApiRequest[],
    furtherFiles: Readonly<Record<string, string>> = {},
  ): Promise<{ machine: ApiMachine; api: HttpConnection }> {
    const program = requireFirecracker();
    const view: MonitorView = {
      files: { ...guestFiles(spec, this.#options.pci ? "pci-vsock" : "mmio-vsock"), ...furtherFiles },
      writableFiles: writableGuestFiles(spec),
      support: [],
      devices: ["/dev/null", "/dev/urandom", "/dev/kvm"],
      workFolder: spec.workFolder,
      sockets: "unix",
    };
    makeWorkFolder(spec.workFolder);
    const machine = startProcess(spec, program, firecrackerArguments(spec, this.#options), view);
    try {
      const api = await machine.unlessEnded(connectApi(join(spec.workFolder, API_SOCKET), machine));
      void machine.exited.then(() => api.close());
      for (const request of requests((name) => seenPath(view, name, spec.confined))) {
        await machine.unlessEnded(send(api, request));
      }
      machine.pausedBy({ pause: () => send(api, PAUSE_REQUEST), resume: () => send(api, RESUME_REQUEST) });
      await machine.running();
      return { machine, api };
    } catch (error) {
      throw await machine.startFailure(error);
    }
  }
}

/**
 * Saves the machine in its working folder, and moves the files from there: it knows of no other. The working folder needs
 * room for the guest's memory.
 */
async function save(machine: ApiMachine, api: HttpConnection, workFolder: string, directory: string): Promise<void> {
  for (const request of SAVE_REQUESTS) await machine.unlessEnded(send(api, request));
  // What is zero becomes a hole; a link, which only a monitor that was broken into would leave, is not followed.
  const files = Object.values(SAVED_FILES).map((name) => join(workFolder, name));
  await runTool("cp", ["--no-dereference", "--sparse=always", "--", ...files, directory]);
  for (const name of Object.values(SAVED_FILES)) {
    if (!lstatSync(join(directory, name)).isFile()) {
      throw new VitrineError("guest-failed", `Cannot save the machine: "${name}" is no file`);
    }
  }
  await machine.stop();
}

function startProcess(spec: VmSpec, program: string, args: readonly string[], view: MonitorView): ApiMachine {
  const listeners = listenForGuest(spec.workFolder, VSOCK_SOCKET);
  const [console, itsConsole] = socketPair();
  const [log, itsLog] = pipe();
  try {
    const inherited = [itsLog, ...(spec.arena === undefined ? [] : [spec.arena])];
    const command = { name: NAME, program, args, view, confined: spec.confined, inherited, output: itsConsole };
    const process = new MonitorProcess(command, [fdStream(log)]);
    return new ApiMachine({ spec, process, listeners, console, statusMeaning });
  } catch (error) {
    listeners.agent.close();
    listeners.display.close();
    for (const fd of [console, log]) fd.close();
    throw error;
  } finally {
    for (const fd of [itsConsole, itsLog]) fd.close();
  }
}

/** The API's socket, as soon as Firecracker listens on it. */
async function connectApi(path: string, machine: ApiMachine): Promise<HttpConnection> {
  for (const end = performance.now() + API_SOCKET_DEADLINE_MS; ; await Bun.sleep(API_SOCKET_INTERVAL_MS)) {
    try {
      return new HttpConnection(fdStream(connectUnix(path)), NAME);
    } catch (error) {
      if (VitrineError.from(error).code !== "unavailable") throw error;
      if (performance.now() < end && !machine.over) continue;
      throw new VitrineError("timeout", `Cannot control ${NAME}: no API within ${API_SOCKET_DEADLINE_MS} ms`, {
        cause: error,
      });
    }
  }
}

async function send(api: HttpConnection, { method, path, body }: ApiRequest): Promise<void> {
  const answer = await api.request(method, path, body);
  if (answer.status === 204 || answer.status === 200) return;
  throw refusal(NAME, method, path, answer.status, faultMessage(answer.body));
}

function faultMessage(body: string): string {
  try {
    return faultSchema.parse(JSON.parse(body)).fault_message;
  } catch {
    return body;
  }
}

function requireFirecracker(): string {
  const program = findProgram(PROGRAM);
  if (program !== undefined) return program;
  throw new VitrineError("unavailable", `Cannot run "${PROGRAM}": no such program`, {
    fix: "vitrine doctor says how to get it; or use --driver qemu",
  });
}
