/**
 * The supervisor's end of the agent link (contract/agent.ts): calls to the agent, and stdio streams of processes. All that
 * comes out of here was written by an untrusted guest and has been checked against the contract. The guest opens no streams
 * on this link; those that it tries to open are refused.
 */
import { randomBytes } from "node:crypto";
import { VitrineError } from "../../../base/error.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import {
  AGENT_PROTOCOL_VERSION,
  agentContract,
  type HostStreamHeader,
  type Looks,
} from "../../../channel/contract/agent.ts";
import type { ProcessEnd, StdioName } from "../../../channel/contract/control.ts";
import { Mux } from "../../../channel/mux.ts";
import { type emptyContract, RpcPeer } from "../../../channel/rpc.ts";
import { hasIpv6 } from "../../network/local-networks.ts";
import { GUEST_NETWORK } from "../../network/topology.ts";

/** Random bytes that a guest gets from here: twice what its kernel makes a key of. */
const ENTROPY_BYTES = 64;

/** How long a guest may take to mount its home, in milliseconds: mending a large disk under emulation takes minutes; whoever starts it does not wait for ever. */
export const HOME_DEADLINE_MS = 15 * 60_000;

export interface GuestLinkHandlers {
  exited(process: number, end: ProcessEnd): void;
  /** The link is over, and so is the guest. Not called after close(). */
  lost(error: VitrineError | undefined): void;
}

/** What the agent said of itself when it answered. */
export interface GuestHello {
  readonly kernel: string;
  /** Milliseconds of guest uptime. */
  readonly uptime: { readonly init: number; readonly agent: number; readonly now: number };
}

export class GuestLink {
  readonly rpc: RpcPeer<typeof emptyContract, typeof agentContract>;
  readonly #mux: Mux;
  #closed = false;

  /** Takes over `channel`. */
  constructor(channel: ByteStream, handlers: GuestLinkHandlers) {
    this.#mux = new Mux(channel, "client");
    this.#mux.onClose((error) => {
      if (!this.#closed) handlers.lost(error);
    });
    this.rpc = new RpcPeer(this.#mux.open({ kind: "rpc" } satisfies HostStreamHeader), { calls: agentContract });
    this.rpc.on("exited", ({ process, code, signal }) => handlers.exited(process, { code, signal }));
    // An agent whose calls cannot be understood is of no use, whatever else still flows.
    this.rpc.onClose((error) => {
      if (this.#closed) return;
      this.close();
      handlers.lost(error);
    });
  }

  /**
   * The first call, which makes the guest a machine of its own. Waits for as long as the guest boots: the caller watches
   * over that.
   */
  async hello(params: {
    hostname: string;
    machineId: string;
    environment: Readonly<Record<string, string>>;
    looks: Looks;
    pixels: "arena" | "stream";
    arenaBytes: number;
  }): Promise<GuestHello> {
    const answer = await this.rpc.call(
      "hello",
      { version: AGENT_PROTOCOL_VERSION, entropy: randomBytes(ENTROPY_BYTES).toString("hex"), ...params },
      { deadlineMs: Number.POSITIVE_INFINITY },
    );
    if (answer.version !== AGENT_PROTOCOL_VERSION) {
      throw new VitrineError(
        "protocol",
        `Cannot talk to the guest agent: it speaks version ${answer.version}, version ${AGENT_PROTOCOL_VERSION} is wanted`,
        { fix: "vitrine stop the sandbox and run it again: the tools image is then made anew" },
      );
    }
    // Nobody waits for that: whatever is asked of the agent next comes after it.
    this.setClock().catch(() => {});
    return answer;
  }

  /** Sets the guest's wall clock to the host's; tells the guest's uptime, in milliseconds. */
  setClock(): Promise<{ uptime: number }> {
    return this.rpc.call("setClock", { time: Date.now() });
  }

  /** Has the user's home mounted. */
  async openHome(format: boolean): Promise<void> {
    await this.rpc.call("openHome", { format }, { deadlineMs: HOME_DEADLINE_MS });
  }

  /** Has the network card set up. */
  async openNetwork(): Promise<void> {
    const { ipv4, ipv6 } = GUEST_NETWORK;
    const networks = hasIpv6() ? [ipv4, ipv6] : [ipv4];
    await this.rpc.call("openNetwork", {
      addresses: networks.map(({ guest, bits, gateway }) => ({ address: guest, bits, gateway })),
      nameServers: networks.map(({ nameServer }) => nameServer),
    });
  }

  /** Opens a stdio stream of a process that is about to be spawned. */
  openStdio(process: number, name: StdioName): ByteStream {
    return this.#mux.open({ kind: "stdio", process, name } satisfies HostStreamHeader);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#mux.close();
  }
}
