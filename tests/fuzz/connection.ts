/**
 * The connection of a fuzzed session: sends what operations say, and learns from events only what later operations need.
 * It follows the rules of nothing; what it cannot make sense of it does not look at.
 */
import { LINK_INTERFACE, LINK_OBJECT_ID } from "../../src/channel/contract/display.ts";
import { type OwnedFd, setNonBlocking } from "../../src/sys/fd.ts";
import { memfdCreate } from "../../src/sys/memory.ts";
import { pipe } from "../../src/sys/process.ts";
import { connectUnix, writeSome } from "../../src/sys/socket.ts";
import { decode } from "../../src/wayland/decode.ts";
import { SERVER_ID_MIN } from "../../src/wayland/ids.ts";
import type { RawMessage } from "../../src/wayland/message-reader.ts";
import { fdCount, type MessageTable, type Value } from "../../src/wayland/types.ts";
import { withDeadline } from "../support/deadline.ts";
import type { Stage } from "../support/display-stage.ts";
import { WaylandSocket } from "../support/wayland-socket.ts";
import { encodeOperation } from "./encode.ts";
import { Model, REGISTRY_ID } from "./model.ts";
import type { FileKind, Operation } from "./operation.ts";
import type { Way } from "./plans.ts";

const FILE_BYTES = 256 * 1024;
/** How long an answer may take before a session counts as hung, in milliseconds. */
export const ANSWER_DEADLINE_MS = 20_000;

export class FuzzConnection implements Disposable {
  readonly model = new Model();
  readonly #stage: Stage;
  readonly #way: Way;
  readonly #number: number;
  readonly #socket: WaylandSocket;
  readonly #kept = new DisposableStack();
  readonly #awaited = new Map<number, () => void>();
  /** The connection is over. */
  ended = false;

  constructor(stage: Stage, way: Way) {
    this.#stage = stage;
    this.#way = way;
    const opened = way === "app" ? { fd: connectUnix(stage.loop.socketPath), number: 0 } : stage.rigs[way].open();
    this.#number = opened.number;
    this.#socket = new WaylandSocket(opened.fd, {
      message: (raw) => this.#message(raw),
      ended: () => this.#end(),
    });
    this.perform({
      do: "request",
      on: { id: 1 },
      name: "get_registry",
      args: [{ make: "wl_registry", id: REGISTRY_ID }],
    });
  }

  /** Does everything but waiting and input. */
  perform(operation: Exclude<Operation, { do: "sync" | "input" }>): void {
    const encoded = encodeOperation(operation, this.model, this.#way === "app" ? "app" : "guest half");
    if (encoded === undefined || encoded.bytes.length === 0) return;
    using files = new DisposableStack();
    this.#socket.send(
      encoded.bytes,
      encoded.files.map((kind) => files.use(this.#file(kind))),
    );
  }

  /** Waits for the answer to all before; also over when the connection is. Throws "timeout" when nothing comes. */
  async sync(): Promise<void> {
    if (this.ended) return;
    const id = this.model.make("wl_callback", 1);
    await withDeadline<void>("waiting for the answer in a fuzzed session", ANSWER_DEADLINE_MS, (resolve) => {
      this.#awaited.set(id, () => resolve());
      this.perform({ do: "request", on: { id: 1 }, name: "sync", args: [{ id }] });
      return () => void this.#awaited.delete(id);
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
    this.#end();
    this.#kept.dispose();
  }

  #end(): void {
    this.ended = true;
    for (const answered of this.#awaited.values()) answered();
    this.#awaited.clear();
  }

  #message(raw: RawMessage): void {
    if (raw.objectId === LINK_OBJECT_ID) return this.#linkEvent(raw);
    const object = this.model.byId(raw.objectId);
    const message = object?.table.events[raw.opcode];
    if (object === undefined || message === undefined) return;
    const fds = this.#way === "app" ? this.#socket.takeFds(fdCount(message)) : [];
    for (const fd of fds) this.#answerData(message, fd);
    const args = decode(message, raw);
    if (object.table.name === "wl_registry") return this.#global(message, args);
    if (object.table.name === "wl_callback") return this.#awaited.get(raw.objectId)?.();
    this.#learn(raw.objectId, message, args);
  }

  #global(message: MessageTable, args: readonly Value[]): void {
    if (message.name !== "global") return;
    const [name, interfaceName, version] = args as [number, string, number];
    this.model.globals.push({ name, interface: interfaceName, version });
  }

  #learn(objectId: number, message: MessageTable, args: readonly Value[]): void {
    const object = this.model.byId(objectId);
    for (const [index, argument] of message.args.entries()) {
      const value = args[index];
      if (typeof value !== "number") continue;
      if (argument.type === "new_id" && value >= SERVER_ID_MIN) {
        this.model.madeByServer(value, argument.interface ?? "", object?.version ?? 1);
      } else if (argument.name === "serial") {
        if (message.name === "configure" && object !== undefined) object.configured = value;
        else this.model.noteInput(value);
      }
    }
  }

  /** A descriptor that came with an event: the end of a pipe that waits for data gets some. */
  #answerData(message: MessageTable, fd: OwnedFd): void {
    using owned = fd;
    if (message.name !== "send") return;
    setNonBlocking(owned, true);
    try {
      writeSome(owned, new Uint8Array(1000).fill(0x61));
    } catch {
      // Nobody reads any more.
    }
  }

  #linkEvent(raw: RawMessage): void {
    const message = LINK_INTERFACE.events[raw.opcode];
    if (message?.name !== "transfer") return;
    const [token] = decode(message, raw) as [number];
    if (this.#way === "app") return;
    // Every other transfer never gets its stream.
    if (token % 2 === 0) return;
    using stream = this.#stage.rigs[this.#way].openTransfer(this.#number, "host", token);
    writeSome(stream, new Uint8Array(1000).fill(0x61));
  }

  #file(kind: FileKind): OwnedFd {
    switch (kind) {
      case "memory":
        return memfdCreate("fuzz", FILE_BYTES);
      case "short memory":
        return memfdCreate("fuzz", 16);
      case "nothing":
        return memfdCreate("fuzz", 0);
      case "pipe":
      case "closed pipe": {
        const [readEnd, writeEnd] = pipe();
        if (kind === "pipe") this.#kept.use(readEnd);
        else readEnd.close();
        return writeEnd;
      }
      default:
        return kind satisfies never;
    }
  }
}
