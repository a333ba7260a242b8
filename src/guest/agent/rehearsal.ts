/**
 * A session of the agent with itself, before a machine is saved: what the first moments of every sandbox need has then
 * been read from the disk and made ready to run. It is an ordinary session over a pair of sockets, and ends as one.
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import {
  AGENT_PROTOCOL_VERSION,
  agentContract,
  type HostStreamHeader,
  PLAIN_LOOKS,
} from "../../channel/contract/agent.ts";
import { ARENA_BYTES } from "../../channel/contract/display.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import { RpcPeer } from "../../channel/rpc.ts";
import { socketPair } from "../../sys/socket.ts";
import { type AgentOptions, runAgent } from "./agent.ts";
import { WAYLAND_DISPLAY } from "./environment.ts";

/** Started and ended; any image has it. */
const COMMAND = "true";

export interface RehearsalOptions extends Omit<AgentOptions, "powerOff" | "openDisplayLink"> {
  /** Shows pictures on the display at `socketPath`, whose link ends at `hostMux`. Without, the display is not used. */
  readonly rehearseDisplay?: (socketPath: string, hostMux: Mux) => Promise<void>;
}

/** Resolves when the session is over, and nothing of it is left but what files it has read. */
export async function rehearse(options: RehearsalOptions): Promise<void> {
  const over = Promise.withResolvers<void>();
  const [guestEnd, hostEnd] = socketPair();
  const [guestDisplayEnd, hostDisplayEnd] = socketPair();
  const openDisplayLink = async () => fdStream(guestDisplayEnd);
  runAgent(fdStream(guestEnd), { ...options, openDisplayLink, powerOff: () => over.resolve() });
  const mux = new Mux(fdStream(hostEnd), "client");
  const displayMux = new Mux(fdStream(hostDisplayEnd), "client");
  const rpc = new RpcPeer(mux.open({ kind: "rpc" } satisfies HostStreamHeader), { calls: agentContract });
  const ended = new Promise<void>((resolve) => rpc.on("exited", () => resolve()));
  try {
    await rpc.call("hello", {
      version: AGENT_PROTOCOL_VERSION,
      entropy: "0".repeat(128),
      hostname: "rehearsal",
      machineId: "0".repeat(32),
      environment: {},
      looks: PLAIN_LOOKS,
      pixels: options.arenaFile !== undefined && existsSync(options.arenaFile) ? "arena" : "stream",
      arenaBytes: ARENA_BYTES,
    });
    await rpc.call("setClock", { time: Date.now() });
    for (const name of ["stdout", "stderr"] as const) {
      mux.open({ kind: "stdio", process: 1, name } satisfies HostStreamHeader).onData(() => {});
    }
    const stdio = { kind: "streams" } as const;
    await rpc.call("spawn", { process: 1, argv: [COMMAND], environment: {}, user: "user", stdio });
    await ended;
    await options.rehearseDisplay?.(join(options.runtimeDir, WAYLAND_DISPLAY), displayMux);
  } catch (error) {
    // A machine is as good without what was to be rehearsed, only slower at first.
    options.onNotice?.(VitrineError.from(error).message);
  } finally {
    mux.close();
    displayMux.close();
  }
  await over.promise;
  rmSync(options.runtimeDir, { recursive: true, force: true });
}
