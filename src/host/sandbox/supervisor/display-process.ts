/**
 * The supervisor's end of the display process (contract/display-process.ts): starts it inside walls, makes the connections to
 * the compositor that it asks for, and passes on what it tells. Whatever comes from there may be the work of a guest that has
 * broken in.
 */
import { join } from "node:path";
import { VitrineError } from "../../../base/error.ts";
import { sanitizeText } from "../../../base/sanitize.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  type DisplaySettings,
  type DisplayStreamHeader,
  displayKeeperContract,
  displayProcessContract,
  MAX_NOTICE_CHARS,
} from "../../../channel/contract/display-process.ts";
import type { TraceOptions } from "../../../channel/contract/trace.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { Mux } from "../../../channel/mux.ts";
import { splice } from "../../../channel/pipe.ts";
import { RpcPeer } from "../../../channel/rpc.ts";
import { monotonicNanoseconds } from "../../../sys/clock.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { sendMessage, socketPair } from "../../../sys/socket.ts";
import type { CompositorRoute } from "../../display/compositor-route.ts";
import { packPolicy } from "../../policy/packed.ts";
import type { Policy } from "../../policy/policy.ts";
import { type MonitorView, seenPath } from "../../vmm/confinement.ts";
import { LAST_WORDS_MS } from "../../vmm/driver.ts";
import { MonitorProcess } from "../../vmm/monitor-process.ts";
import type { Severity } from "../log-file.ts";
import { CompositorAccess } from "./compositor-access.ts";
import { RUNTIME_FLAGS } from "./start-supervisor.ts";

/** How long it may take to be there, in milliseconds: that it ends is noticed at once, so only one that hangs is waited for. */
export const DISPLAY_OPEN_DEADLINE_MS = 120_000;
/** How long it may take to take leave of the compositor at the end, in milliseconds. */
export const DISPLAY_CLOSE_DEADLINE_MS = 3000;

const SOURCE = join(import.meta.dirname, "../../..");
const MAIN = "host/display/process/display-main.ts";
/** All that it sees of the host's files beside its runtime: the program. */
const VIEW: MonitorView = {
  files: { src: SOURCE, node_modules: join(SOURCE, "../node_modules") },
  support: [],
  devices: ["/dev/null", "/dev/urandom"],
  sockets: "none",
};

export interface DisplayProcessOptions {
  readonly settings: Omit<DisplaySettings, "layout" | "policy">;
  readonly policy: Policy;
  /** The memory file of the arena, borrowed. */
  readonly arena: OwnedFd;
  /** The way to the compositor, taken over. */
  readonly route: CompositorRoute;
  /** A new way after the compositor has gone. Rejects while it is not there again. */
  readonly reopen: () => Promise<CompositorRoute>;
  readonly confined: boolean;
}

export interface DisplayProcessHandlers {
  windows(count: number): void;
  firstFrame(): void;
  compositorLost(): void;
  trail(client: number, lines: readonly string[]): void;
  notice(severity: Severity, message: string): void;
  /** It has ended, and with it every window. Not called after close(). */
  lost(message: string): void;
}

export class DisplayProcess {
  /** Resolves when it serves the display link; rejects with why not. */
  readonly opened: Promise<void>;
  readonly #options: DisplayProcessOptions;
  readonly #process: MonitorProcess;
  readonly #mux: Mux;
  readonly #rpc: RpcPeer<typeof displayKeeperContract, typeof displayProcessContract>;
  readonly #link: OwnedFd;
  readonly #compositor: CompositorAccess;
  #pid: number | undefined;
  #heard: (() => void) | undefined;
  #closed = false;

  constructor(options: DisplayProcessOptions, handlers: DisplayProcessHandlers) {
    this.#options = options;
    const [mux, itsMux] = socketPair();
    const [link, itsLink] = socketPair();
    const [connections, itsConnections] = socketPair();
    this.#link = link;
    this.#mux = new Mux(fdStream(mux), "client");
    this.#compositor = new CompositorAccess(connections, {
      route: options.route,
      reopen: options.reopen,
      onLayout: (layout) => void this.#rpc.call("setLayout", { layout }).catch(() => {}),
    });
    try {
      this.#process = new MonitorProcess({
        name: "the display process",
        program: process.execPath,
        args: [...RUNTIME_FLAGS, join(seenPath(VIEW, "src", options.confined), MAIN)],
        view: VIEW,
        confined: options.confined,
        inherited: [itsMux, itsLink, options.arena, itsConnections],
      });
    } catch (error) {
      this.#mux.close();
      this.#compositor.close();
      link.close();
      throw error;
    } finally {
      for (const fd of [itsMux, itsLink, itsConnections]) fd.close();
    }
    this.#rpc = new RpcPeer(this.#mux.open({ kind: "rpc" } satisfies DisplayStreamHeader), {
      serves: displayKeeperContract,
      calls: displayProcessContract,
      handlers: { reopen: async () => ({ layout: await this.#compositor.reopen() }) },
    });
    this.#listen(handlers);
    this.opened = this.#open();
    this.opened.catch(() => {}); // Who waits for it is told.
  }

  /** Undefined before it runs. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Gives it the guest's display link, which it takes over. */
  serve(link: OwnedFd): void {
    try {
      sendMessage(this.#link, new Uint8Array(1), [link]);
    } catch {
      // It has ended, which is told otherwise, and says nothing of the machine.
    } finally {
      link.close();
      this.#link.close();
    }
  }

  async setPolicy(policy: Policy): Promise<number> {
    await this.opened;
    return (await this.#rpc.call("setPolicy", { policy: packPolicy(policy) })).ended;
  }

  async mintActivationToken(hostToken: string): Promise<string> {
    return (await this.#rpc.call("mintActivationToken", { hostToken })).token;
  }

  async moveToUser(hostToken: string | undefined): Promise<void> {
    await this.#rpc.call("moveToUser", { hostToken: hostToken ?? null });
  }

  /** What the guest's monotonic clock says now, in milliseconds. */
  async setGuestUptime(milliseconds: number): Promise<void> {
    const ahead = monotonicNanoseconds() - BigInt(Math.round(milliseconds * 1e6));
    await this.#rpc.call("setClockOffset", { nanoseconds: Number(ahead) });
  }

  /** Calls `heard` now and then while apps say something, until the function returned is called. */
  watchApps(heard: () => void): () => void {
    this.#heard = heard;
    this.#rpc.call("listen", { on: true }).catch(() => {}); // It has ended, which is told otherwise.
    return () => {
      this.#heard = undefined;
      this.#rpc.call("listen", { on: false }).catch(() => {});
    };
  }

  /** Joins whoever wants to see the messages of apps with who sees them. Takes `stream` over. */
  trace(stream: ByteStream, options: TraceOptions): void {
    splice(stream, this.#mux.open({ kind: "trace", options } satisfies DisplayStreamHeader));
  }

  /** Ends it. The promise is kept once the compositor has taken leave of all apps, as far as that takes no longer than it may. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#compositor.giveUp();
    await this.#rpc.call("close", {}, { deadlineMs: DISPLAY_CLOSE_DEADLINE_MS }).catch(() => {});
    this.#mux.close();
    this.#process.kill();
    await this.#process.exited.catch(() => {});
    this.#compositor.close();
    this.#link.close();
  }

  async #open(): Promise<void> {
    const { settings, policy } = this.#options;
    const ended = this.#process.exited.then((end): never => {
      throw this.#process.failure(end);
    });
    ended.catch(() => {});
    const first = { ...settings, policy: packPolicy(policy), layout: this.#compositor.layout() };
    const answer = this.#rpc.call("open", first, { deadlineMs: DISPLAY_OPEN_DEADLINE_MS });
    // What it dies of says more than that it does not answer.
    const failed = answer.catch(async (error) => {
      await Promise.race([ended, Bun.sleep(LAST_WORDS_MS)]);
      throw error;
    });
    failed.catch(() => {});
    await Promise.race([failed, ended]);
    this.#pid = await this.#process.pid;
  }

  #listen(handlers: DisplayProcessHandlers): void {
    this.#rpc.on("windows", ({ count }) => handlers.windows(count));
    this.#rpc.on("firstFrame", () => handlers.firstFrame());
    this.#rpc.on("compositorLost", () => handlers.compositorLost());
    this.#rpc.on("heard", () => this.#heard?.());
    this.#rpc.on("trail", ({ client, lines }) =>
      handlers.trail(
        client,
        lines.map((line) => sanitizeText(line, MAX_NOTICE_CHARS)),
      ),
    );
    this.#rpc.on("notice", ({ severity, message }) =>
      handlers.notice(severity, sanitizeText(message, MAX_NOTICE_CHARS)),
    );
    this.#process.exited
      .then(({ status, signal }) => {
        const how = signal === undefined ? `it ended with status ${status}` : `it was killed by ${signal}`;
        if (!this.#closed) handlers.lost(this.#process.message === "" ? how : `${how}: ${this.#process.message}`);
      })
      .catch((error) => handlers.lost(VitrineError.from(error).message));
  }
}
