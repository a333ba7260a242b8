/**
 * The cloud-hypervisor driver: memory-safe as Firecracker is, with PCI devices and virtio-fs. Guests connect as with
 * Firecracker. Its API listens on a socket that it inherits: no path leads to it.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { pipe } from "../../../sys/process.ts";
import { connectUnix, listenUnix } from "../../../sys/socket.ts";
import { ApiMachine, makeWorkFolder } from "../api-machine.ts";
import { guestFiles, type MonitorView, seenPath, writableGuestFiles } from "../confinement.ts";
import type { Capabilities, Driver, RunningVm, VmSpec } from "../driver.ts";
import { findProgram } from "../find-program.ts";
import { listenForGuest } from "../guest-listener.ts";
import { HttpConnection, refusal } from "../http-connection.ts";
import { MonitorProcess } from "../monitor-process.ts";
import { monitorVersion, requireVersion } from "../monitor-version.ts";
import { cloudHypervisorArguments, machineConfiguration, VSOCK_SOCKET } from "./configuration.ts";
import { watchEvents } from "./events.ts";

const PROGRAM = "cloud-hypervisor";
/** The release whose API description this was written to. */
const OLDEST_VERSION = [53, 0, 0] as const;
const API_SOCKET = "api.sock";
const API_ROOT = "/api/v1";

/** Errors are lists, the outermost first. */
const errorSchema = z.array(z.string());

export class CloudHypervisorDriver implements Driver {
  readonly name = "cloud-hypervisor";

  async probe(): Promise<Capabilities> {
    requireVersion(PROGRAM, await monitorVersion(requireProgram()), OLDEST_VERSION);
    return {
      sharedMemory: true,
      vsock: true,
      snapshot: false,
      balloon: true,
      hotplug: false,
      gpu: false,
      fsShare: true,
      network: false,
    };
  }

  async start(spec: VmSpec): Promise<RunningVm> {
    const program = requireProgram();
    const shares = (spec.fsShares ?? []).map(({ tag, socket }) => [`share-${tag}`, socket]);
    const view: MonitorView = {
      files: { ...guestFiles(spec, "pci-vsock"), ...Object.fromEntries(shares) },
      writableFiles: writableGuestFiles(spec),
      support: [],
      devices: ["/dev/null", "/dev/urandom", "/dev/kvm"],
      workFolder: spec.workFolder,
      sockets: "unix",
    };
    makeWorkFolder(spec.workFolder);
    const { machine, api } = startProcess(spec, program, view);
    try {
      const configuration = machineConfiguration(spec, (name) => seenPath(view, name, spec.confined));
      await machine.unlessEnded(send(api, "/vm.create", configuration));
      await machine.unlessEnded(send(api, "/vm.boot"));
      machine.pausedBy({ pause: () => send(api, "/vm.pause"), resume: () => send(api, "/vm.resume") });
      await machine.running();
      return machine;
    } catch (error) {
      throw await machine.startFailure(error);
    }
  }
}

function startProcess(spec: VmSpec, program: string, view: MonitorView): { machine: ApiMachine; api: HttpConnection } {
  const listeners = listenForGuest(spec.workFolder, VSOCK_SOCKET);
  const { apiListener, apiConnection } = openApi(join(spec.workFolder, API_SOCKET));
  const [events, itsEvents] = pipe();
  const [console, itsConsole] = pipe();
  try {
    const inherited = [apiListener, itsEvents, itsConsole, ...(spec.arena === undefined ? [] : [spec.arena])];
    const args = cloudHypervisorArguments();
    const process = new MonitorProcess({ name: PROGRAM, program, args, view, confined: spec.confined, inherited });
    const machine = new ApiMachine({ spec, process, listeners, console, statusMeaning: () => undefined });
    const api = new HttpConnection(fdStream(apiConnection), PROGRAM);
    watchEvents(fdStream(events), () => machine.guestOver());
    void machine.exited.then(() => api.close());
    return { machine, api };
  } catch (error) {
    listeners.agent.close();
    listeners.display.close();
    for (const fd of [apiConnection, events, console]) fd.close();
    throw error;
  } finally {
    for (const fd of [apiListener, itsEvents, itsConsole]) fd.close();
  }
}

/** A socket for the API, with our connection waiting on it already; its path is gone before the monitor runs. */
function openApi(path: string): { apiListener: OwnedFd; apiConnection: OwnedFd } {
  const apiListener = listenUnix(path, 1);
  try {
    return { apiListener, apiConnection: connectUnix(path) };
  } catch (error) {
    apiListener.close();
    throw error;
  } finally {
    rmSync(path, { force: true });
  }
}

async function send(api: HttpConnection, path: string, body?: unknown): Promise<void> {
  const answer = await api.request("PUT", `${API_ROOT}${path}`, body);
  if (answer.status !== 200 && answer.status !== 204) {
    throw refusal(PROGRAM, "PUT", path, answer.status, errorMessage(answer.body));
  }
}

function errorMessage(body: string): string {
  try {
    return errorSchema.parse(JSON.parse(body)).join(": ");
  } catch {
    return body;
  }
}

function requireProgram(): string {
  const program = findProgram(PROGRAM);
  if (program !== undefined) return program;
  throw new VitrineError("unavailable", `Cannot run "${PROGRAM}": no such program`, {
    fix: "vitrine doctor says how to get it; or use --driver qemu",
  });
}
