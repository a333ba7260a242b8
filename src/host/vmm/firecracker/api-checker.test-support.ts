/** Firecracker's side of its API, without machines: every request is held against the facts, and the rules of order kept. */
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { Answer, Request } from "../api-server.test-support.ts";
import { mismatch } from "../api-shape.test-support.ts";
import { MAX_BODY, OPERATIONS, type Operation, type When } from "./api-facts.test-support.ts";

type State = "fresh" | "configured" | "running" | "paused";
type Body = Readonly<Record<string, unknown>>;

const ALLOWED: Readonly<Record<When, readonly State[]>> = {
  fresh: ["fresh"],
  "not-started": ["fresh", "configured"],
  running: ["running"],
  paused: ["paused"],
  started: ["running", "paused"],
  any: ["fresh", "configured", "running", "paused"],
};
const PMEM_ALIGNMENT = 2 * 1024 * 1024;
/** Bytes of a machine's memory as the checker saves it, which is none. */
const SAVED_MEMORY = 1024 * 1024;

export interface CheckerOptions {
  readonly version: string;
  /** Whether the machine starts; else InstanceStart is refused with this text, as without KVM. */
  readonly startFault?: string;
  readonly onStart: (configuration: ReadonlyMap<string, Body>) => void;
}

export class FirecrackerChecker {
  readonly #options: CheckerOptions;
  readonly #configuration = new Map<string, Body>();
  #state: State = "fresh";

  constructor(options: CheckerOptions) {
    this.#options = options;
  }

  /** The answer; anything that breaks the facts is refused with the reason. */
  handle(request: Request): Answer {
    const [operation, id] = findOperation(request);
    if (operation === undefined) return fault(`Invalid request method and/or path: ${request.method} ${request.path}`);
    const reason = this.#refusal(request, operation, id);
    if (reason !== undefined) return fault(reason);
    return this.#carryOut(request, operation);
  }

  #refusal(request: Request, operation: Operation, id: string | undefined): string | undefined {
    if (!ALLOWED[operation.when].includes(this.#state)) {
      return `${operation.method} ${operation.path} is not allowed when the machine is ${this.#state}`;
    }
    if (operation.body === undefined) return request.body === "" ? undefined : "a body is not wanted here";
    if (request.body.length > MAX_BODY) return `a body of ${request.body.length} bytes is too long`;
    if (request.type !== "application/json") return `want JSON, not "${request.type}"`;
    const body = parse(request.body);
    const wrong = mismatch(operation.body, body, operation.path);
    if (wrong !== undefined) return wrong;
    const fields = body as Body;
    if (operation.idField !== undefined && fields[operation.idField] !== id) return "the id differs from the path's";
    return this.#deviceRefusal(operation, fields);
  }

  /** What the shape of a request does not say. */
  #deviceRefusal({ path }: Operation, body: Body): string | undefined {
    switch (path) {
      case "/machine-config":
        if (body.smt === true && body.vcpu_count !== 1 && Number(body.vcpu_count) % 2 !== 0)
          return "want an even number";
        return body.huge_pages === "2M" && Number(body.mem_size_mib) % 2 !== 0 ? "want a multiple of 2 MiB" : undefined;
      case "/boot-source":
        return (
          unreadable(body.kernel_image_path) ??
          (body.initrd_path === undefined ? undefined : unreadable(body.initrd_path))
        );
      case "/drives/{id}":
        if (body.socket !== undefined) return "vhost-user drives are not used";
        if (body.path_on_host === undefined || body.is_read_only === undefined) return "a drive's path is missing";
        return unreadable(body.path_on_host, body.is_read_only !== true);
      case "/pmem/{id}": {
        const missing = unreadable(body.path_on_host, body.read_only !== true);
        const size = missing === undefined ? statSync(String(body.path_on_host)).size : 0;
        return (
          missing ?? (size > 0 && size % PMEM_ALIGNMENT === 0 ? undefined : `a file of ${size} bytes loses its end`)
        );
      }
      case "/balloon":
        return body.free_page_hinting === true ? "hinting is a preview" : undefined;
      default:
        return undefined;
    }
  }

  #carryOut(request: Request, operation: Operation): Answer {
    if (operation.method === "GET") return this.#tell(operation.path);
    const body = parse(request.body) as Body;
    switch (operation.path) {
      case "/actions":
        return body.action_type === "InstanceStart" ? this.#start() : { status: 204 };
      case "/vm":
        this.#state = body.state === "Paused" ? "paused" : "running";
        return { status: 204 };
      case "/snapshot/create":
        writeFileSync(String(body.snapshot_path), JSON.stringify([...this.#configuration]));
        writeFileSync(String(body.mem_file_path), new Uint8Array(SAVED_MEMORY));
        return { status: 204 };
      case "/snapshot/load":
        return this.#load(body);
      default:
        if (operation.configures !== false && this.#state === "fresh") this.#state = "configured";
        this.#configuration.set(request.path, body);
        return { status: 204 };
    }
  }

  #start(): Answer {
    if (this.#state === "running" || this.#state === "paused") return fault("The microVM is already running.");
    if (!this.#configuration.has("/boot-source")) return fault("Cannot start microvm without kernel configuration.");
    const roots = [...this.#configuration].filter(
      ([, body]) => body.is_root_device === true || body.root_device === true,
    );
    if (roots.length > 1) return fault("A root block device already exists!");
    const socket = this.#configuration.get("/vsock")?.uds_path;
    if (socket !== undefined && existsSync(String(socket)))
      return fault("Cannot bind the vsock socket: Address in use");
    if (this.#options.startFault !== undefined) return fault(this.#options.startFault);
    this.#state = "running";
    this.#options.onStart(this.#configuration);
    return { status: 204 };
  }

  /** A saved machine finds its disks and memory ranges where they were, and makes its vsock socket there. */
  #load(body: Body): Answer {
    const backend = body.mem_backend as Body | undefined;
    const missing = unreadable(body.snapshot_path) ?? unreadable(backend?.backend_path);
    if (missing !== undefined) return fault(missing);
    if (statSync(String(backend?.backend_path)).size !== SAVED_MEMORY) return fault("the memory has another size");
    const saved: [string, Body][] = JSON.parse(readFileSync(String(body.snapshot_path), "utf8"));
    for (const [path, device] of saved) {
      const reason = device.path_on_host === undefined ? undefined : unreadable(device.path_on_host);
      if (reason !== undefined) return fault(`${path}: ${reason}`);
      this.#configuration.set(path, device);
    }
    this.#state = body.resume_vm === true ? "running" : "paused";
    if (this.#state === "running") this.#options.onStart(this.#configuration);
    return { status: 204 };
  }

  #tell(path: string): Answer {
    const { version } = this.#options;
    if (path === "/version") return { status: 200, body: { firecracker_version: version } };
    if (path !== "/") return { status: 200, body: Object.fromEntries(this.#configuration) };
    const state = { fresh: "Not started", configured: "Not started", running: "Running", paused: "Paused" }[
      this.#state
    ];
    return { status: 200, body: { app_name: "Firecracker", id: "checker", state, vmm_version: version } };
  }
}

function findOperation({ method, path }: Request): [operation: Operation | undefined, id: string | undefined] {
  for (const operation of OPERATIONS) {
    const pattern = new RegExp(`^${operation.path.replace("{id}", "([A-Za-z0-9_]+)")}$`);
    const match = operation.method === method ? pattern.exec(path) : null;
    if (match !== null) return [operation, match[1]];
  }
  return [undefined, undefined];
}

function fault(message: string): Answer {
  return { status: 400, body: { fault_message: message } };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Why a file cannot be used; undefined when it can. */
function unreadable(path: unknown, writable = false): string | undefined {
  try {
    accessSync(String(path), writable ? constants.R_OK | constants.W_OK : constants.R_OK);
    if (statSync(String(path)).isFile()) return undefined;
    readFileSync(String(path));
    return undefined;
  } catch (error) {
    return `the file "${path}" cannot be opened: ${error}`;
  }
}
