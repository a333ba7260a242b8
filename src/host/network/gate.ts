/**
 * Stands between a guest's network card and the network: every frame goes through here, in both directions, and only what
 * the policy allows goes on. What is behind it (a user-mode network stack) can be there or not.
 */
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { parseQuestion, refusal } from "./dns.ts";
import { FrameSplitter, withLength } from "./frame-splitter.ts";
import { type Packet, parseFrame } from "./packet.ts";
import type { NetworkPolicy } from "./policy.ts";
import { datagram, prohibited } from "./reply.ts";
import { dataOf, NetworkRules, type RulesOptions } from "./rules.ts";

/** Refusals that a guest is told of in one second; those beyond are dropped without a word. */
export const MAX_REFUSALS_PER_SECOND = 200;

export interface GateOptions extends RulesOptions {
  /** The guest's frames made no sense, and its network is gone. */
  readonly onBroken: (error: VitrineError) => void;
}

export class NetworkGate {
  readonly #guest: ByteStream;
  readonly #options: GateOptions;
  readonly #fromGuest = new FrameSplitter();
  #rules: NetworkRules;
  #stack: ByteStream | undefined;
  #refusals = 0;
  #second = 0;
  #guestIsSlow = false;

  /** Takes over `guest`, the stream of the guest's frames. */
  constructor(guest: ByteStream, options: GateOptions) {
    this.#guest = guest;
    this.#options = options;
    this.#rules = new NetworkRules(options);
    guest.onData((chunk) => this.#guarded(guest, () => this.#outbound(chunk)));
    guest.onDrain(() => {
      this.#guestIsSlow = false;
      this.#stack?.resume();
    });
    guest.onEnd(() => guest.destroy());
  }

  /** Joins the guest to the network stack behind `stack`, which it takes over, in place of the one before. */
  attach(stack: ByteStream): void {
    this.detach();
    this.#stack = stack;
    const splitter = new FrameSplitter();
    stack.onData((chunk) => this.#guarded(stack, () => this.#inbound(splitter, chunk)));
    stack.onDrain(() => this.#guest.resume());
    stack.onEnd(() => stack.destroy());
    stack.onClose(() => {
      if (this.#stack !== stack) return;
      this.#stack = undefined;
      this.#guest.resume();
    });
  }

  /** Nothing is reached any more. */
  detach(): void {
    const stack = this.#stack;
    this.#stack = undefined;
    stack?.destroy();
    this.#guest.resume();
  }

  /** From the next frame on. Connections that the new policy does not allow are cut off. */
  setPolicy(policy: NetworkPolicy): void {
    this.#rules = new NetworkRules({ ...this.#options, policy });
  }

  close(): void {
    this.detach();
    this.#guest.destroy();
  }

  #outbound(chunk: Uint8Array): void {
    const now = performance.now();
    this.#fromGuest.push(
      chunk,
      (frame) => {
        const parsed = parseFrame(frame);
        if (parsed === undefined) return false;
        if (parsed.kind === "neighbour") return true;
        const verdict = this.#rules.outbound(parsed, frame, now);
        if (verdict === "refuse" || verdict === "refuse-question") this.#refuse(verdict, parsed, frame, now);
        return verdict === "pass";
      },
      (bytes) => {
        if (this.#stack?.write(bytes) === false) this.#guest.pause();
      },
    );
  }

  #inbound(splitter: FrameSplitter, chunk: Uint8Array): void {
    const now = performance.now();
    splitter.push(
      chunk,
      (frame) => {
        const parsed = parseFrame(frame);
        if (parsed === undefined) return false;
        return parsed.kind === "neighbour" || this.#rules.inbound(parsed, frame, now) === "pass";
      },
      (bytes) => {
        if (this.#guest.write(bytes)) return;
        this.#guestIsSlow = true;
        this.#stack?.pause();
      },
    );
  }

  #refuse(how: "refuse" | "refuse-question", packet: Packet, frame: Uint8Array, now: number): void {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) this.#refusals = 0;
    this.#second = second;
    // A guest that does not read gets no more than its queue holds.
    if (++this.#refusals > MAX_REFUSALS_PER_SECOND || this.#guestIsSlow || packet.fragment) return;
    const question = how === "refuse-question" ? dataOf(packet, frame) : undefined;
    const reply =
      question !== undefined && parseQuestion(question) !== undefined
        ? datagram(frame, packet, refusal(question))
        : prohibited(frame, packet);
    if (!this.#guest.write(withLength(reply))) this.#guestIsSlow = true;
  }

  /** Whatever is wrong with the frames of one sandbox is that sandbox's affair. */
  #guarded(source: ByteStream, work: () => void): void {
    try {
      work();
    } catch (error) {
      const known = VitrineError.from(error);
      source.destroy(known);
      this.detach();
      this.#options.onBroken(known);
    }
  }
}
