/**
 * A surface of Xwayland's on its way to the display. Xwayland draws as soon as a window is mapped, when nobody has said yet
 * what the surface is. So attach, frame and commit wait here until it is a window, a menu or a cursor; all else is state
 * that waits in the display itself.
 */
import type { Size } from "./types.ts";

export type SurfaceState =
  /** Nobody knows yet what it is for, or the display has not answered yet. */
  | "held"
  /** Everything passes. */
  | "open"
  /** It is not shown any more, and will not be again. */
  | "over";

/** A buffer that is attached, and the bytes of the request. */
interface Attach {
  readonly bufferId: number;
  readonly size: Size | undefined;
  readonly bytes: Uint8Array;
}

/** What Xwayland is told of requests that the display never sees. */
export interface HeldAnswers {
  released(bufferId: number): void;
  frameDone(callbackId: number): void;
}

export class BridgeSurface {
  readonly id: number;
  state: SurfaceState = "held";
  /** Called before a commit that has content passes. */
  beforeCommit: () => void = () => {};
  /** Called when the surface has content that is held. */
  onHeld: () => void = () => {};
  /** Size of what the next commit shows, or the last one has shown; undefined: nothing. */
  contentSize: Size | undefined;
  /** Requests have passed whose commit has not. */
  isBetweenCommits = false;
  #attach: Attach | undefined;
  #frames: { readonly callback: number; readonly bytes: Uint8Array }[] = [];
  #isCommitHeld = false;
  readonly #answers: HeldAnswers;

  constructor(id: number, answers: HeldAnswers) {
    this.id = id;
    this.#answers = answers;
  }

  /** Whether a commit with content waits. */
  get hasHeldContent(): boolean {
    return this.#isCommitHeld && this.#attach !== undefined;
  }

  attach(attach: Attach): "pass" | "hold" {
    this.contentSize = attach.bufferId === 0 ? undefined : attach.size;
    if (this.state === "open") return "pass";
    const before = this.#attach?.bufferId ?? attach.bufferId;
    this.#attach = attach.bufferId === 0 ? undefined : { ...attach, bytes: attach.bytes.slice() };
    if (before !== attach.bufferId) this.#answers.released(before);
    return "hold";
  }

  frame(callback: number, bytes: Uint8Array): "pass" | "hold" {
    if (this.state === "open") return "pass";
    if (this.state === "over") this.#answers.frameDone(callback);
    else this.#frames.push({ callback, bytes: bytes.slice() });
    return "hold";
  }

  /** Nothing of it is shown any more. What waits is answered, as the display would. */
  end(): void {
    this.state = "over";
    this.beforeCommit = () => {};
    this.onHeld = () => {};
    for (const { callback } of this.#frames) this.#answers.frameDone(callback);
    this.#frames = [];
  }

  commit(): "pass" | "hold" {
    if (this.state === "open") {
      this.beforeCommit();
      this.isBetweenCommits = false;
      return "pass";
    }
    this.#isCommitHeld = true;
    if (this.hasHeldContent) this.onHeld();
    return "hold";
  }

  /** A buffer is gone: what would show it is not sent. */
  bufferGone(bufferId: number): void {
    if (this.#attach?.bufferId === bufferId) this.#attach = undefined;
  }

  /** From now on everything passes. Returns the requests that have waited, without the commit. */
  open(): Uint8Array[] {
    this.state = "open";
    const frames = this.#frames.map(({ bytes }) => bytes);
    const waiting = [...(this.#attach === undefined ? [] : [this.#attach.bytes]), ...frames];
    this.#attach = undefined;
    this.#frames = [];
    this.#isCommitHeld = false;
    return waiting;
  }
}
