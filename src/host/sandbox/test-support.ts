/**
 * A driver without a virtual machine, for tests of the supervisor: the "monitor" is a process that sleeps, and the other
 * end of the channel is an agent that speaks the contract and runs what it is told as processes of the host.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { VitrineError } from "../../base/error.ts";
import { validate } from "../../base/untrusted.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { AGENT_PROTOCOL_VERSION, agentContract, hostStreamHeader } from "../../channel/contract/agent.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import { splice } from "../../channel/pipe.ts";
import { type Handlers, RpcPeer } from "../../channel/rpc.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { openPty, setWindowSize } from "../../sys/pty.ts";
import { socketPair } from "../../sys/socket.ts";
import { ConsoleLog } from "../vmm/console-log.ts";
import type { Driver, RunningVm, SnapshotDriver, VmExit, VmSpec } from "../vmm/driver.ts";

export class HostProcessDriver implements Driver {
  readonly name = "host-process";
  /** The last machine that was started. */
  machine: { agent: TestAgent; monitor: ChildProcess } | undefined;
  /** Machines that were started, and how. */
  readonly starts: ("cold" | "restored")[] = [];
  readonly snapshots: SnapshotDriver;
  readonly #options: { silent?: boolean };

  /**
   * `silent`: the agent never answers. `restored`: what comes of machines that are restored, whose spec is all they
   * depend on; they go on as well as others unless it says how they fail.
   */
  constructor(options: { silent?: boolean; restored?: "fails" | "ends" | "is-killed" | "is-silent" } = {}) {
    this.#options = options;
    this.snapshots = {
      facts: async (spec) => [spec.appImage ?? ""],
      startSaveable: () => Promise.reject(new VitrineError("guest-failed", "Cannot save a process of the host")),
      restore: async (spec) => {
        this.starts.push("restored");
        if (options.restored === "fails") throw new VitrineError("guest-failed", "Cannot restore: bad state");
        const machine = await this.#start(spec, options.restored !== undefined);
        if (options.restored === "ends") this.machine?.monitor.kill("SIGABRT");
        if (options.restored === "is-killed") this.machine?.monitor.kill("SIGKILL");
        return machine;
      },
    };
  }

  async probe() {
    return {
      sharedMemory: false,
      vsock: false,
      snapshot: false,
      balloon: false,
      hotplug: false,
      gpu: false,
      fsShare: false,
      network: true,
    };
  }

  async start(spec: VmSpec): Promise<RunningVm> {
    this.starts.push("cold");
    return await this.#start(spec, this.#options.silent === true);
  }

  async #start(spec: VmSpec, silent: boolean): Promise<RunningVm> {
    const [channel, guestEnd] = socketPair();
    const [display, guestDisplay] = socketPair();
    const [screen, printer] = socketPair();
    const console = new ConsoleLog(spec.consoleLog, fdStream(screen), () => {});
    const print = fdStream(printer);
    print.write(new TextEncoder().encode("[    0.0] last\u001b[2J words\r\n"));
    const monitor = spawn("sleep", ["infinity"], { stdio: "ignore" });
    await once(monitor, "spawn");
    const agent = new TestAgent(fdStream(guestEnd), fdStream(guestDisplay), silent, () => monitor.kill("SIGTERM"));
    this.machine = { agent, monitor };
    const exited = once(monitor, "exit").then(([, signal]): VmExit => {
      agent.close();
      print.destroy();
      return signal === "SIGTERM" ? { reason: "guest-exit" } : { reason: "killed", signal: String(signal) };
    });
    const end = (signal: "SIGTERM" | "SIGKILL") => () => {
      monitor.kill(signal);
      return exited;
    };
    const processors = (signal: "SIGSTOP" | "SIGCONT") => async () => {
      monitor.kill(signal);
      agent.signalAll(signal);
    };
    return {
      pid: monitor.pid ?? 0,
      pause: processors("SIGSTOP"),
      resume: processors("SIGCONT"),
      accelerator: "tcg",
      channel: Promise.resolve(channel),
      takeDisplayChannel: async () => display,
      console,
      exited,
      stop: end("SIGTERM"),
      kill: end("SIGKILL"),
    };
  }
}

/** Answers the agent's contract. */
export class TestAgent {
  readonly mux: Mux;
  /** The guest's end of the display link. */
  readonly displayMux: Mux;
  readonly #streams = new Map<string, ByteStream>();
  readonly #children = new Map<number, ChildProcess>();
  readonly #terminals = new Map<number, OwnedFd>();
  readonly #powerOff: () => void;
  #rpc: RpcPeer<typeof agentContract> | undefined;

  constructor(link: ByteStream, displayLink: ByteStream, silent: boolean, powerOff: () => void) {
    this.#powerOff = powerOff;
    this.mux = new Mux(link, "server");
    this.displayMux = new Mux(displayLink, "server");
    this.mux.onClose(powerOff);
    this.mux.onStream((stream, raw) => {
      const header = validate(raw, (value) => hostStreamHeader.parse(value));
      if (header.kind === "stdio") this.#streams.set(`${header.process} ${header.name}`, stream);
      else if (!silent) this.#rpc = new RpcPeer(stream, { serves: agentContract, handlers: this.#handlers() });
    });
  }

  /** Sends every process a signal. */
  signalAll(signal: "SIGSTOP" | "SIGCONT"): void {
    for (const { pid } of this.#children.values()) if (pid !== undefined) globalThis.process.kill(-pid, signal);
  }

  close(): void {
    for (const child of this.#children.values()) child.kill("SIGKILL");
    for (const terminal of this.#terminals.values()) terminal.close();
    this.mux.close();
    this.displayMux.close();
  }

  #handlers(): Handlers<typeof agentContract> {
    return {
      hello: () => ({
        version: AGENT_PROTOCOL_VERSION,
        kernel: "6.0-test",
        uptime: { init: 10, agent: 20, now: 30 },
      }),
      setClock: () => ({ uptime: 40 }),
      openHome: () => ({}),
      openNetwork: () => ({}),
      spawn: async ({ process, argv, environment, stdio }) => {
        const env = { ...globalThis.process.env, ...environment };
        const [command = "", ...args] = argv;
        const child =
          stdio.kind === "terminal"
            ? this.#spawnOnTerminal(process, argv, env, stdio)
            : spawn(command, args, { env, detached: true });
        try {
          await once(child, "spawn");
        } catch {
          throw new VitrineError("not-found", `Cannot start "${command}": no such command`);
        }
        this.#children.set(process, child);
        this.#join(process, child);
        child.on("exit", (code, signal) => {
          this.#children.delete(process);
          this.#rpc?.emit("exited", { process, code, signal });
        });
        return { pid: child.pid ?? 0 };
      },
      signal: ({ process, signal }) => {
        const pid = this.#children.get(process)?.pid;
        if (pid !== undefined) globalThis.process.kill(-pid, signal);
        return {};
      },
      resize: ({ process, rows, columns }) => {
        const terminal = this.#terminals.get(process);
        if (terminal !== undefined) setWindowSize(terminal, { rows, columns });
        return {};
      },
      dropCaches: () => ({ total: 1024 ** 3, available: 512 * 1024 ** 2 }),
      memory: () => ({ total: 1000, available: 600 }),
      stop: () => {
        this.#powerOff();
        return {};
      },
    };
  }

  #spawnOnTerminal(
    process: number,
    argv: string[],
    env: NodeJS.ProcessEnv,
    size: { rows: number; columns: number },
  ): ChildProcess {
    const { controller, peer } = openPty(size);
    const stream = this.#streams.get(`${process} terminal`);
    const child = spawn("setsid", ["--ctty", "--wait", ...argv], { env, stdio: [peer.raw, peer.raw, peer.raw] });
    peer.close();
    this.#terminals.set(process, controller.dup());
    if (stream !== undefined) splice(stream, fdStream(controller));
    return child;
  }

  #join(process: number, child: ChildProcess): void {
    const stdin = this.#streams.get(`${process} stdin`);
    if (stdin === undefined) child.stdin?.end();
    stdin?.onData((chunk) => void child.stdin?.write(Buffer.from(chunk)));
    stdin?.onEnd(() => void child.stdin?.end());
    stdin?.onClose(() => void child.stdin?.end());
    for (const name of ["stdout", "stderr"] as const) {
      const stream = this.#streams.get(`${process} ${name}`);
      const output = child[name];
      output?.on("data", (chunk: Buffer) => {
        if (stream?.write(chunk) === false) output.pause();
      });
      stream?.onDrain(() => void output?.resume());
      // Nobody reads any more: the process learns that by SIGPIPE.
      stream?.onClose(() => void output?.destroy());
      output?.on("end", () => stream?.end());
    }
  }
}
