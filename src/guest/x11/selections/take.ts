/** Data of an X program that owns a selection, for the display: in one piece, or in many (INCR, ICCCM 2.7.2). */
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { type OwnedFd, setNonBlocking } from "../../../sys/fd.ts";
import { convertSelection, destroyWindow, getProperty } from "../protocol/requests.ts";
import type { Desk } from "../windows/desk.ts";
import { createOwnWindow } from "../windows/ewmh.ts";
import { X_TRANSFER_STALL_MS } from "./limits.ts";

/** Bytes that are asked for at a time. */
const PIECE_BYTES = 256 * 1024;
const EVENT_MASK = 1 << 11;
const PROPERTY_CHANGE = 1 << 22;
const ANY_TYPE = 0;
const NONE = 0;

export class TakeTransfer {
  /** The window in whose property the data comes. */
  readonly window: number;
  readonly #desk: Desk;
  readonly #stream: ByteStream;
  readonly #toUtf8: boolean;
  readonly #ended: () => void;
  #state: "asked" | "whole" | "pieces" | "over" = "asked";
  #offset = 0;
  #isReading = false;
  #stall: ReturnType<typeof setTimeout> | undefined;

  /** Takes over `to`, which can be written. `latin1`: the data is text in Latin-1. `ended` is called once. */
  constructor(
    desk: Desk,
    what: { readonly selection: number; readonly target: number; readonly latin1: boolean },
    to: OwnedFd,
    ended: () => void,
  ) {
    this.#desk = desk;
    this.#toUtf8 = what.latin1;
    this.#ended = ended;
    setNonBlocking(to, true);
    this.#stream = fdStream(to);
    this.#stream.onClose(() => this.close());
    this.window = createOwnWindow(desk, EVENT_MASK, [PROPERTY_CHANGE]);
    const { selection, target } = what;
    const property = desk.atoms._VITRINE_SELECTION;
    desk.x.send(convertSelection, { requestor: this.window, selection, target, property, time: 0 });
    this.#waitOn();
  }

  /** The owner has answered; `property`: 0 when it refuses. */
  answered(property: number): void {
    if (this.#state !== "asked") return;
    if (property === NONE) return this.close();
    this.#state = "whole";
    this.#read();
  }

  /** There is another piece. */
  changed(): void {
    if (this.#state === "pieces" && !this.#isReading) this.#read();
  }

  close(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#stall);
    this.#desk.x.send(destroyWindow, { window: this.window });
    this.#stream.end();
    this.#ended();
  }

  #read(): void {
    this.#isReading = true;
    this.#waitOn();
    const property = this.#desk.atoms._VITRINE_SELECTION;
    const place = { offset: this.#offset / 4, length: PIECE_BYTES / 4 };
    const question = { delete: 1, window: this.window, property, type: ANY_TYPE, ...place };
    this.#desk.x.ask(getProperty, question, (reply) => {
      this.#isReading = false;
      if (this.#state === "over") return;
      if (reply === undefined) return this.close();
      const { type, format, count, bytesAfter } = reply.fields;
      if (type === this.#desk.atoms.INCR && this.#state === "whole") {
        // It is deleted, so the owner begins.
        this.#state = "pieces";
        return;
      }
      const bytes = reply.tail.subarray(0, (count * format) / 8);
      this.#pass(bytes, bytesAfter, type === 0);
    });
  }

  #pass(bytes: Uint8Array, bytesAfter: number, isGone: boolean): void {
    // A notice of a piece that has been read already.
    if (isGone && this.#state === "pieces") return;
    const isTaken = bytes.length === 0 || this.#stream.write(this.#toUtf8 ? utf8(bytes) : bytes);
    this.#offset = bytesAfter === 0 ? 0 : this.#offset + bytes.length;
    const isOver = bytesAfter === 0 && (this.#state === "whole" || bytes.length === 0);
    if (isOver) this.close();
    else if (isTaken) this.#next(bytesAfter);
    else {
      this.#isReading = true;
      this.#stream.onDrain(() => this.#next(bytesAfter));
    }
  }

  #next(bytesAfter: number): void {
    this.#isReading = false;
    if (this.#state === "over") return;
    // Of pieces the next may have come while this was written.
    if (bytesAfter > 0 || this.#state === "pieces") this.#read();
  }

  #waitOn(): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => this.close(), X_TRANSFER_STALL_MS);
  }
}

function utf8(latin1: Uint8Array): Uint8Array {
  return new TextEncoder().encode(Buffer.from(latin1).toString("latin1"));
}
