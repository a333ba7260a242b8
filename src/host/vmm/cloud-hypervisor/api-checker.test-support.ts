/** cloud-hypervisor's side of its API, without machines: requests are held against the facts, and the rules of order kept. */
import { accessSync, constants, statSync } from "node:fs";
import type { Answer, Request } from "../api-server.test-support.ts";
import { mismatch } from "../api-shape.test-support.ts";
import { API_ROOT, OPERATIONS } from "./api-facts.test-support.ts";

type State = "empty" | "created" | "running" | "paused";
/** As far as the checks below need it; the shape has been checked before. */
export interface MachineConfiguration {
  readonly cpus?: { readonly boot_vcpus: number; readonly max_vcpus: number };
  readonly memory?: { readonly size: number; readonly shared?: boolean };
  readonly payload: { readonly kernel?: string; readonly initramfs?: string };
  readonly disks?: readonly { readonly id?: string; readonly path?: string; readonly readonly?: boolean }[];
  readonly pmem?: readonly { readonly id?: string; readonly file: string; readonly size?: number }[];
  readonly fs?: readonly { readonly id?: string; readonly socket: string }[];
  readonly serial?: { readonly mode: string; readonly file?: string };
  readonly vsock?: { readonly socket: string };
}

const PMEM_ALIGNMENT = 2 * 1024 * 1024;

export class CloudHypervisorChecker {
  readonly #bootFault: string | undefined;
  readonly #onBoot: (configuration: MachineConfiguration) => void;
  #configuration: MachineConfiguration | undefined;
  #state: State = "empty";

  /** `bootFault`: why machines do not boot, as without KVM. */
  constructor(onBoot: (configuration: MachineConfiguration) => void, bootFault?: string) {
    this.#onBoot = onBoot;
    this.#bootFault = bootFault;
  }

  handle(request: Request): Answer {
    const operation = OPERATIONS.find(
      ({ method, path }) => method === request.method && `${API_ROOT}${path}` === request.path,
    );
    if (operation === undefined) return { status: 404 };
    if (!operation.when.some((state) => state === "any" || state === this.#state)) {
      return refuse(404, `${operation.path} is not allowed when the machine is ${this.#state}`);
    }
    if (operation.body === undefined) {
      if (request.body !== "") return refuse(400, "a body is not wanted here");
    } else {
      const wrong = mismatch(operation.body, parse(request.body), operation.path);
      if (wrong !== undefined) return refuse(400, wrong);
    }
    return this.#carryOut(operation.path, request.body);
  }

  #carryOut(path: string, body: string): Answer {
    switch (path) {
      case "/vm.create": {
        const configuration = JSON.parse(body) as MachineConfiguration;
        const reason = configurationRefusal(configuration);
        if (reason !== undefined) return refuse(500, reason);
        this.#configuration = configuration;
        this.#state = "created";
        return { status: 204 };
      }
      case "/vm.boot":
        if (this.#bootFault !== undefined) return refuse(500, this.#bootFault);
        this.#state = "running";
        if (this.#configuration !== undefined) this.#onBoot(this.#configuration);
        return { status: 204 };
      case "/vm.pause":
        this.#state = "paused";
        return { status: 204 };
      case "/vm.resume":
        this.#state = "running";
        return { status: 204 };
      case "/vm.info":
        return { status: 200, body: { config: this.#configuration, state: "Created" } };
      default:
        return { status: 204 };
    }
  }
}

/** What the shape does not say: counts that must agree, files that must be there, names that must differ. */
function configurationRefusal(configuration: MachineConfiguration): string | undefined {
  const { cpus, memory, payload, disks = [], pmem = [], fs = [], serial, vsock } = configuration;
  if (cpus !== undefined && cpus.max_vcpus < cpus.boot_vcpus) return "max_vcpus is below boot_vcpus";
  if (payload.kernel === undefined) return "there is no kernel";
  if (fs.length > 0 && memory?.shared !== true) return "virtio-fs wants shared memory";
  if (serial?.mode === "File" && serial.file === undefined) return "the serial port's file is missing";
  if (vsock !== undefined && vsock.socket.length > 107) return "the socket's path is too long";
  const ids = [...disks, ...pmem, ...fs].flatMap(({ id }) => id ?? []);
  if (new Set(ids).size !== ids.length) return "an identifier is used twice";
  const missing = [
    unusable(payload.kernel, constants.R_OK),
    payload.initramfs === undefined ? undefined : unusable(payload.initramfs, constants.R_OK),
    ...disks.map(({ path = "", readonly }) => unusable(path, readonly === true ? constants.R_OK : constants.W_OK)),
    ...pmem.map(({ file }) => unusable(file, constants.R_OK | constants.W_OK)),
    ...pmem.map(({ file, size }) => {
      const bytes = size ?? statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      return bytes > 0 && bytes % PMEM_ALIGNMENT === 0 ? undefined : `pmem of ${bytes} bytes: want a multiple of 2 MiB`;
    }),
    ...fs.map(({ socket }) => unusable(socket, constants.W_OK)),
  ];
  return missing.find((reason) => reason !== undefined);
}

function unusable(path: string, mode: number): string | undefined {
  try {
    accessSync(path, mode);
    return undefined;
  } catch (error) {
    return `the file "${path}" cannot be opened: ${error}`;
  }
}

function refuse(status: number, reason: string): Answer {
  return { status, body: ["Error from API", reason] };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
