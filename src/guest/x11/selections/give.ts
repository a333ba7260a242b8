/**
 * Data of the display for an X program that has asked for it: short data in one piece, longer data piece by piece, each when
 * the program has taken the one before (INCR, ICCCM 2.7.2).
 */
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { type EventFields, encodeEvent } from "../protocol/events.ts";
import { changeProperty, changeWindowAttributes, sendEvent, words } from "../protocol/requests.ts";
import type { XConnection } from "../protocol/x-connection.ts";
import type { Atoms } from "../windows/atoms.ts";
import { X_TRANSFER_STALL_MS } from "./limits.ts";

/** Bytes of one piece. */
const PIECE_BYTES = 64 * 1024;
const EVENT_MASK = 1 << 11;
const PROPERTY_CHANGE = 1 << 22;
const REPLACE = 0;
const NONE = 0;

export type SelectionRequest = EventFields<"selectionRequest">;

/** Tells a program that its request is answered: in its property, or not at all. */
export function answer(x: XConnection, request: SelectionRequest, property: number): void {
  const { requestor, selection, target, time } = request;
  const event = encodeEvent("selectionNotify", { time, requestor, selection, target, property });
  x.send(sendEvent, { propagate: 0, destination: requestor, eventMask: 0 }, event);
}

export class GiveTransfer {
  readonly #x: XConnection;
  readonly #atoms: Atoms;
  readonly #request: SelectionRequest;
  readonly #type: number;
  readonly #stream: ByteStream;
  readonly #ended: () => void;
  readonly #decoder: TextDecoder | undefined;
  #gathered: Uint8Array[] = [];
  #bytes = 0;
  #state: "first" | "pieces" | "over" = "first";
  /** The program has taken the last piece. */
  #isTaken = false;
  #isAtEnd = false;
  #stall: ReturnType<typeof setTimeout> | undefined;

  /**
   * Takes over `from`, which can be read. `type`: the atom that says what the data is; `latin1`: it is text, which the program
   * wants in Latin-1. `ended` is called once.
   */
  constructor(
    x: XConnection,
    atoms: Atoms,
    request: SelectionRequest,
    options: { readonly type: number; readonly latin1: boolean; readonly from: OwnedFd; readonly ended: () => void },
  ) {
    this.#x = x;
    this.#atoms = atoms;
    this.#request = request;
    this.#type = options.type;
    this.#ended = options.ended;
    this.#decoder = options.latin1 ? new TextDecoder() : undefined;
    this.#stream = fdStream(options.from);
    this.#waitOn();
    this.#stream.onData((chunk) => {
      this.#gathered.push(this.#converted(chunk));
      this.#bytes += chunk.length;
      this.#waitOn();
      if (this.#bytes >= PIECE_BYTES) this.#full();
    });
    const atEnd = () => {
      this.#isAtEnd = true;
      this.#full();
    };
    this.#stream.onEnd(atEnd);
    this.#stream.onClose(atEnd);
  }

  /** Whether a deleted property is the one in which this data goes. */
  isAbout(window: number, property: number): boolean {
    return this.#state === "pieces" && this.#request.requestor === window && this.#request.property === property;
  }

  /** The program has taken what was there. */
  taken(): void {
    this.#isTaken = true;
    this.#waitOn();
    if (this.#bytes > 0 || this.#isAtEnd) this.#nextPiece();
  }

  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#stall);
    this.#stream.destroy();
    this.#ended();
  }

  /** A piece is full, or the data is at its end. */
  #full(): void {
    if (this.#state === "over") return;
    if (this.#state === "pieces") {
      if (this.#isTaken) this.#nextPiece();
      else this.#stream.pause();
      return;
    }
    if (this.#isAtEnd) {
      this.#put(this.#take());
      answer(this.#x, this.#request, this.#request.property);
      this.close();
      return;
    }
    this.#state = "pieces";
    this.#stream.pause();
    const { requestor, property } = this.#request;
    this.#x.send(changeWindowAttributes, { window: requestor, mask: EVENT_MASK }, words(PROPERTY_CHANGE));
    const fields = { mode: REPLACE, window: requestor, property, type: this.#atoms.INCR, format: 32, count: 1 };
    this.#x.send(changeProperty, fields, words(this.#bytes));
    answer(this.#x, this.#request, property);
  }

  #nextPiece(): void {
    if (this.#state !== "pieces") return;
    this.#isTaken = false;
    const piece = this.#take();
    this.#put(piece);
    // A piece without bytes says that it was the last.
    if (piece.length === 0) this.close();
    else if (!this.#isAtEnd) this.#stream.resume();
  }

  #put(bytes: Uint8Array): void {
    const { requestor, property } = this.#request;
    const fields = { mode: REPLACE, window: requestor, property, type: this.#type, format: 8, count: bytes.length };
    this.#x.send(changeProperty, fields, bytes);
  }

  /** A copy of the chunk; as Latin-1 if that is wanted. */
  #converted(chunk: Uint8Array): Uint8Array {
    if (this.#decoder === undefined) return chunk.slice();
    const text = this.#decoder.decode(chunk, { stream: true });
    return new Uint8Array(Buffer.from(text.replaceAll(/[^\p{ASCII}\u00a0-\u00ff]/gu, "?"), "latin1"));
  }

  #take(): Uint8Array {
    const all = new Uint8Array(Buffer.concat(this.#gathered));
    this.#gathered = [];
    this.#bytes = 0;
    return all;
  }

  /** Neither side may keep it waiting for ever. */
  #waitOn(): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => {
      if (this.#state === "first") answer(this.#x, this.#request, NONE);
      this.close();
    }, X_TRANSFER_STALL_MS);
  }
}
