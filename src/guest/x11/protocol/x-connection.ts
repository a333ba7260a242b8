/**
 * A client's connection to the X server. Requests go out together at the end of the turn; answers come in the order of what
 * was asked, and so do events between them: whoever is called by one of them sees the others in that order too.
 */
import type { VitrineError } from "../../../base/error.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { AppSocket } from "../../display/app-socket.ts";
import { decodeEvent, type XEvent } from "./events.ts";
import { type Fields, type Layout, layoutSize, readFields, xError } from "./layout.ts";
import { PacketReader } from "./packets.ts";
import { encodeRequest, type RequestTable } from "./requests.ts";
import { readSetup, type Setup, setupRequest } from "./setup.ts";

/** Questions to the X server that wait for their answers: those about every window at once. */
export const MAX_X_QUESTIONS = 65_536;
/** Numbers of requests are counted in 16 bits. */
const SEQUENCE_MASK = 0xffff;
const ERROR = 0;
const REPLY = 1;
const REPLY_FIELDS_AT = 8;

/** An answer: its fields, and the bytes behind them. */
export interface Reply<R extends RequestTable> {
  readonly fields: R extends { readonly reply: infer L extends Layout } ? Fields<L> : Readonly<Record<string, never>>;
  readonly tail: Uint8Array;
}

interface Question {
  readonly sequence: number;
  answer(packet: Uint8Array | undefined): void;
}

export interface XConnectionHandlers {
  ready(setup: Setup): void;
  event(event: XEvent): void;
  /** Called once, unless the connection was closed by us. */
  closed(error: VitrineError | undefined): void;
}

export class XConnection {
  readonly #socket: AppSocket;
  readonly #handlers: XConnectionHandlers;
  readonly #packets = new PacketReader();
  readonly #questions: Question[] = [];
  #outgoing: Uint8Array[] = [];
  #sequence = 0;
  #setup: Setup | undefined;
  #lastId = 0;
  /** The first code of XFIXES's events, once it is known. */
  xfixesFirst: number | undefined;

  /** Takes ownership of `fd`. */
  constructor(fd: OwnedFd, handlers: XConnectionHandlers) {
    this.#handlers = handlers;
    this.#socket = new AppSocket(fd, {
      received: (bytes) => {
        this.#packets.push(bytes);
        for (let packet = this.#packets.next(); packet !== undefined; packet = this.#packets.next()) this.#take(packet);
      },
      closed: (error) => handlers.closed(error),
    });
    this.#socket.send(setupRequest());
  }

  /** A fresh id for a window of our own. */
  newId(): number {
    if (this.#setup === undefined) throw xError("an id is wanted before the setup");
    this.#lastId += 1;
    return this.#setup.idBase | this.#lastId;
  }

  send<const R extends RequestTable>(request: R, values: Fields<R["fields"]>, tail?: Uint8Array): void {
    if (this.#outgoing.length === 0) queueMicrotask(() => this.#flush());
    this.#outgoing.push(encodeRequest(request, values, tail));
    this.#sequence = (this.#sequence + 1) & SEQUENCE_MASK;
  }

  /** `answer` gets undefined when the server answers with an error: most often the window is gone. */
  ask<const R extends RequestTable>(
    request: R,
    values: Fields<R["fields"]>,
    answer: (reply: Reply<R> | undefined) => void,
    tail?: Uint8Array,
  ): void {
    if (this.#questions.length >= MAX_X_QUESTIONS) throw xError(`${MAX_X_QUESTIONS} questions are open`);
    this.send(request, values, tail);
    const layout = request.reply ?? [];
    this.#questions.push({
      sequence: this.#sequence,
      answer: (packet) => answer(packet && (readReply(packet, layout) as Reply<R>)),
    });
  }

  close(): void {
    this.#outgoing = [];
    this.#socket.close();
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (outgoing.length > 0) this.#socket.send(new Uint8Array(Buffer.concat(outgoing)));
  }

  #take(packet: Uint8Array): void {
    if (this.#setup === undefined) {
      this.#setup = readSetup(packet);
      this.#handlers.ready(this.#setup);
      return;
    }
    const [code = 0] = packet;
    if (code === ERROR || code === REPLY) this.#answer(packet, code === REPLY);
    else {
      const event = decodeEvent(packet, this.xfixesFirst);
      if (event !== undefined) this.#handlers.event(event);
    }
  }

  #answer(packet: Uint8Array, isReply: boolean): void {
    const sequence = new DataView(packet.buffer, packet.byteOffset).getUint16(2, true);
    const [question] = this.#questions;
    if (question?.sequence === sequence) {
      this.#questions.shift();
      question.answer(isReply ? packet : undefined);
    } else if (isReply) {
      throw xError("an answer to no question");
    }
  }
}

function readReply(packet: Uint8Array, layout: NonNullable<RequestTable["reply"]>): Reply<RequestTable> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const [data, ...rest] = layout;
  const fields = { ...(data && readFields(view, 1, [data])), ...readFields(view, REPLY_FIELDS_AT, rest) };
  return { fields, tail: packet.subarray(REPLY_FIELDS_AT + layoutSize(rest)) } as Reply<RequestTable>;
}
