/** Events on their way to a guest, gathered and written once per batch; what it does not read waits, up to a bound. */
import type { ByteStream } from "../../channel/byte-stream.ts";
import { MessageWriter } from "../../wayland/message-writer.ts";
import type { MessageTable, Value } from "../../wayland/types.ts";
import { MAX_PENDING_EVENT_BYTES } from "./limits.ts";

export class EventQueue {
  readonly #stream: ByteStream;
  readonly #writer = new MessageWriter();
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #blocked = false;

  /** `stream` is the caller's; its onDrain is taken. */
  constructor(stream: ByteStream) {
    this.#stream = stream;
    stream.onDrain(() => this.#drained());
  }

  /** Queues an event; nothing is written before {@link flush}. */
  append(guestId: number, opcode: number, message: MessageTable, args: readonly Value[]): void {
    this.#writer.append(guestId, opcode, message, args);
  }

  /** Writes what is queued. False: the guest has left more than MAX_PENDING_EVENT_BYTES unread. */
  flush(): boolean {
    const bytes = this.#writer.take();
    if (bytes.length === 0) return true;
    if (!this.#blocked) {
      this.#blocked = !this.#stream.write(bytes);
      return true;
    }
    this.#unsentBytes += bytes.length;
    this.#unsent.push(bytes.slice());
    return this.#unsentBytes <= MAX_PENDING_EVENT_BYTES;
  }

  #drained(): void {
    this.#blocked = false;
    const waiting = this.#unsent;
    this.#unsent = [];
    this.#unsentBytes = 0;
    for (const bytes of waiting) if (!this.#stream.write(bytes)) this.#blocked = true;
  }
}
