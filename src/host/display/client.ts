/**
 * One app connection of the guest and its own connection to the compositor. Every message of the guest is decoded,
 * looked up in the relays and translated; whatever does not pass ends this connection and nothing else.
 */
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import { SERVER_ID_MIN } from "../../wayland/ids.ts";
import { MessageReader, type RawMessage } from "../../wayland/message-reader.ts";
import { type InterfaceTable, type MessageTable, messageByName, type Value } from "../../wayland/types.ts";
import { CompositorConnection } from "./compositor-connection.ts";
import type { DisplayContext } from "./context.ts";
import { depart, leaveBehind } from "./departure.ts";
import { EventQueue } from "./event-queue.ts";
import { GlobalList } from "./globals.ts";
import { guestRequest } from "./guest-requests.ts";
import { hostDisplayEvent, hostEvent } from "./host-events.ts";
import { InputSerials } from "./input-serials.ts";
import { COMPOSITOR_HANDSHAKE_DEADLINE_MS, MAX_ERROR_CHARS, MAX_RETURNS, RETURNS_INTERVAL_MS } from "./limits.ts";
import { LinkEnd } from "./link-end.ts";
import { ObjectMap } from "./object-map.ts";
import { OwnObjects } from "./own-objects.ts";
import { ProtocolViolation, violationOf, WL_DISPLAY_ERROR } from "./protocol-violation.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Relay, RelayObject } from "./relay.ts";
import { replay, tellLost } from "./replay.ts";
import { SeatCapabilities } from "./seat-capabilities.ts";
import { MessageTrail } from "./trace/trail.ts";

const HOST_DISPLAY_ID = 1;
const HOST_REGISTRY_ID = 2;

/**
 * "lost": the compositor has gone, and the guest waits until there is one again. "leaving": nothing of the guest is looked at
 * any more, and nothing is told to it.
 */
type Phase = "connecting" | "running" | "lost" | "leaving" | "ended";

export class DisplayClient {
  readonly number: number;
  readonly context: DisplayContext;
  readonly objects = new ObjectMap();
  readonly globals: GlobalList;
  readonly seats = new SeatCapabilities(this);
  readonly serials = new InputSerials();
  readonly link: LinkEnd;
  #compositor: CompositorConnection;
  #own: OwnObjects | undefined;
  readonly #stream: ByteStream;
  readonly #reader = new MessageReader();
  readonly #events: EventQueue;
  readonly #trail = new MessageTrail();
  readonly #ended = Promise.withResolvers<void>();
  /** Kept once the connection has ended, on both sides. */
  readonly gone = this.#ended.promise;
  readonly #returns = new RateLimit(MAX_RETURNS, RETURNS_INTERVAL_MS);
  #handshakeTimer: ReturnType<typeof setTimeout> | undefined;
  #phase: Phase = "connecting";
  /** Objects whose counterparts went with the last compositor, until they are there again. */
  #lost: RelayObject[] | undefined;

  /** Takes over `stream`. Throws "unavailable" when the compositor cannot be reached; the stream is then untouched. */
  constructor(stream: ByteStream, number: number, context: DisplayContext) {
    this.number = number;
    this.context = context;
    this.#stream = stream;
    this.#events = new EventQueue(stream);
    this.globals = new GlobalList(this);
    this.link = new LinkEnd(this);
    this.#compositor = this.#connect();
    this.objects.addFromGuest(HOST_DISPLAY_ID, 1, context.relays.display);
    // Nothing of the guest is looked at before the compositor has told what it offers.
    stream.pause();
    stream.onData((chunk) => this.#guestData(chunk));
    stream.onEnd(() => this.end());
    stream.onClose(() => this.end());
    this.#shakeHands(() => {});
  }

  /** The connection to the compositor of the moment. */
  get compositor(): CompositorConnection {
    return this.#compositor;
  }

  /** Goes from the compositor, in good order, without waiting for it. For the guest it is lost, until {@link reconnect}. */
  leaveCompositor(): void {
    if (this.#isOver || this.#phase === "lost") return;
    if (this.#lost === undefined) this.#tellLost();
    leaveBehind(this);
    clearTimeout(this.#handshakeTimer);
    this.#phase = "lost";
  }

  /**
   * Another compositor is there: shows on it all that there was. A connection that was not lost is left alone. One that cannot
   * get there after all waits on, and the context is told.
   */
  reconnect(): void {
    if (this.#phase !== "lost") return;
    try {
      this.#compositor = this.#connect();
    } catch (error) {
      return this.#compositorClosed(VitrineError.from(error));
    }
    this.#phase = "connecting";
    const { lost, free } = this.objects.hostChanged();
    this.#lost?.push(...lost);
    for (const { guestId } of free) this.announceFree(guestId);
    this.#own = undefined;
    this.globals.hostChanged();
    this.#shakeHands(() => {
      replay(this, this.#lost ?? []);
      this.#lost = undefined;
      this.policyChanged();
      this.flush();
    });
  }

  /** No compositor will be there any more. */
  giveUp(): void {
    if (this.#phase === "lost") this.#fatal(HOST_DISPLAY_ID, WL_DISPLAY_ERROR.implementation, "the compositor is gone");
  }

  #connect(): CompositorConnection {
    return new CompositorConnection(this.context.connect(), {
      message: (raw, fds) => this.#hostMessage(raw, fds),
      batchEnd: () => this.flush(),
      drained: () => {
        if (this.#phase === "running") this.#stream.resume();
      },
      closed: (error) => (this.#isOver ? this.#gone() : this.#compositorClosed(error)),
    });
  }

  #shakeHands(then: () => void): void {
    this.#handshakeTimer = setTimeout(
      () => this.#fatal(HOST_DISPLAY_ID, WL_DISPLAY_ERROR.implementation, "the compositor does not answer"),
      COMPOSITOR_HANDSHAKE_DEADLINE_MS,
    );
    this.sendToHost(HOST_DISPLAY_ID, wl_display, "get_registry", [HOST_REGISTRY_ID]);
    // A second round trip for what the seats have.
    this.whenAnswered(() => this.whenAnswered(() => this.#handshakeDone(then)));
  }

  /** Calls `then` once the compositor has handled all that was sent before. */
  whenAnswered(then: () => void): void {
    const callback = this.objects.addInternal(then);
    this.sendToHost(HOST_DISPLAY_ID, wl_display, "sync", [callback.hostId]);
    this.compositor.flush();
  }

  /** What we have on this connection for ourselves; bound with the first use. Throws "unavailable" when something lacks. */
  get own(): OwnObjects {
    this.#own ??= new OwnObjects(this);
    return this.#own;
  }

  /** Binds a global of the compositor on our registry. `hostId` is the new object's id. */
  bindOnHost(hostName: number, table: InterfaceTable, version: number, hostId: number): void {
    this.sendToHost(HOST_REGISTRY_ID, wl_registry, "bind", [hostName, { interface: table.name, version, id: hostId }]);
  }

  /** Queues a request to the compositor; sent with the batch. Takes ownership of `fds`. */
  sendToHost(
    hostId: number,
    table: InterfaceTable,
    name: string,
    args: readonly Value[],
    fds: readonly OwnedFd[] = [],
  ): void {
    const { opcode, message } = messageByName(table, "requests", name);
    this.sendRequestToHost(hostId, table, opcode, message, args, fds);
  }

  /** As {@link sendToHost}, for a message that is at hand. */
  sendRequestToHost(
    hostId: number,
    table: InterfaceTable,
    opcode: number,
    message: MessageTable,
    args: readonly Value[],
    fds: readonly OwnedFd[] = [],
  ): void {
    this.context.tracer?.message(this.number, "->host", table, hostId, message, args);
    this.compositor.send(hostId, opcode, message, args, fds);
  }

  /** Queues an event to the guest; sent with the batch. */
  sendToGuest(guestId: number, table: InterfaceTable, name: string, args: readonly Value[]): void {
    const { opcode, message } = messageByName(table, "events", name);
    this.sendEventToGuest(guestId, table, opcode, message, args);
  }

  /** As {@link sendToGuest}, for a message that is at hand. */
  sendEventToGuest(
    guestId: number,
    table: InterfaceTable,
    opcode: number,
    message: MessageTable,
    args: readonly Value[],
  ): void {
    this.context.tracer?.message(this.number, "->guest", table, guestId, message, args);
    this.#events.append(guestId, opcode, message, args);
  }

  /** Makes the object that the guest asked for under `guestId`; `local` ones have no counterpart on the host. */
  createFromGuest(guestId: number, version: number, relay: Relay, by?: RelayObject, local = relay.local): RelayObject {
    return this.objects.addFromGuest(guestId, version, relay, (ids) => relay.state?.(this, by, ids), local);
  }

  /** The guest has destroyed `object`; its id is announced as free when nothing else will. */
  destroyedByGuest(object: RelayObject): void {
    const freeNow = this.objects.guestDestroyed(object);
    object.relay.destroyed?.(this, object);
    if (freeNow && object.hostId === 0 && object.guestId < SERVER_ID_MIN) this.announceFree(object.guestId);
  }

  /** Another policy is in force: what it does not allow is taken back. Returns false when that ends the connection. */
  policyChanged(): boolean {
    // After a return it is asked for again.
    if (this.#phase !== "running" && this.#phase !== "connecting") return true;
    const denied = this.globals.policyChanged();
    if (denied !== undefined) {
      const text = `the policy does not allow "${denied}" any more`;
      this.#fatal(HOST_DISPLAY_ID, WL_DISPLAY_ERROR.implementation, text);
      return false;
    }
    for (const object of [...this.objects.all()]) if (object.alive) object.relay.policyChanged?.(this, object);
    this.flush();
    return true;
  }

  /** Writes out what is queued in both directions. */
  flush(): void {
    if (this.#isOver) return;
    this.compositor.flush();
    if (this.#events.flush()) return;
    this.context.notice("warning", `app connection ${this.number} does not read its events and was ended`);
    this.context.trail(this.number, this.#trail.lines());
    this.end();
  }

  /** Ends the connection: the compositor forgets its windows, then the guest sees the end of its stream. */
  end(): void {
    if (this.#isOver) return;
    this.#phase = "leaving";
    clearTimeout(this.#handshakeTimer);
    depart(this, () => this.#gone());
    if (this.compositor.closed) this.#gone();
  }

  get #isOver(): boolean {
    return this.#phase === "leaving" || this.#phase === "ended";
  }

  #gone(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.compositor.close();
    this.#stream.end();
    this.#stream.destroy();
    this.#ended.resolve();
  }

  #handshakeDone(then: () => void): void {
    if (this.#phase !== "connecting") return;
    clearTimeout(this.#handshakeTimer);
    this.globals.ready();
    this.#phase = "running";
    then();
    if (!this.#isOver) this.#stream.resume();
  }

  #guestData(chunk: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#reader.push(chunk);
      for (let raw = this.#reader.next(); raw !== undefined; raw = this.#reader.next()) {
        guestRequest(this, raw, this.#trail);
        if (this.#isOver) return;
      }
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.flush();
    if (this.compositor.congested) this.#stream.pause();
  }

  #hostMessage(raw: RawMessage, fds: OwnedFd[]): void {
    if (raw.objectId === HOST_REGISTRY_ID) return this.globals.registryEvent(raw);
    if (raw.objectId !== HOST_DISPLAY_ID) return hostEvent(this, raw, fds, this.#trail);
    const refusal = hostDisplayEvent(this, raw);
    if (refusal !== undefined) this.#fatal(refusal.guestId, refusal.code, refusal.text, refusal.reason);
  }

  /** The guest may use an id again. */
  announceFree(guestId: number): void {
    this.sendToGuest(HOST_DISPLAY_ID, wl_display, "delete_id", [guestId]);
  }

  #refuse(cause: unknown): void {
    const { guestId, wireCode, message } = violationOf(cause);
    const error = cause instanceof ProtocolViolation ? undefined : VitrineError.from(cause);
    if (error?.code === "internal")
      this.context.notice("error", `defect in the display: ${error.stack ?? error.message}`);
    this.#fatal(guestId, wireCode, message);
  }

  /** Tells the guest why, as wl_display.error, and ends the connection. */
  #fatal(guestId: number, code: number, text: string, reason = `: ${text}`): void {
    if (this.#isOver) return;
    // A compositor's text may quote what the guest wrote.
    this.context.notice("warning", sanitizeText(`app connection ${this.number} was ended${reason}`, MAX_ERROR_CHARS));
    this.context.trail(this.number, this.#trail.lines());
    this.sendToGuest(HOST_DISPLAY_ID, wl_display, "error", [guestId, code, sanitizeText(text, MAX_ERROR_CHARS)]);
    this.flush();
    this.end();
  }

  #compositorClosed(error: VitrineError | undefined): void {
    const wasThere = this.#phase === "running" || this.#lost !== undefined;
    // What we cannot follow is no loss.
    if (!wasThere || error?.code === "protocol" || error?.code === "internal" || !this.#returns.take()) {
      this.#fatal(HOST_DISPLAY_ID, WL_DISPLAY_ERROR.implementation, "the compositor closed the connection");
      return this.context.compositorLost(error);
    }
    if (this.#phase === "running") this.#tellLost();
    clearTimeout(this.#handshakeTimer);
    this.#phase = "lost";
    this.context.compositorLost(error);
  }

  #tellLost(): void {
    this.#lost = [];
    this.#stream.pause();
    this.serials.forget();
    tellLost(this);
    this.link.hostLost();
    this.flush();
  }
}
