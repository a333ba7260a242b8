/**
 * What everything above the sockets speaks: an ordered, reliable stream of bytes in both directions.
 *
 * 1. Callbacks are set once each; data and the end that arrive before are kept.
 * 2. After onClose nothing is called any more. It comes exactly once: after both directions have ended, after destroy(),
 *    or when the other side is lost.
 * 3. Back-pressure: write() answers false above the high-water mark, and the writer waits for onDrain; pause() reaches
 *    the writer at the other end.
 */
import type { VitrineError } from "../base/error.ts";

export interface ByteStream {
  /**
   * Sends or queues `bytes`; the caller may reuse its array afterwards. False: more is queued than the high-water mark,
   * wait for onDrain. Bytes written after end() or the close are dropped.
   */
  write(bytes: Uint8Array): boolean;
  /** Gives each chunk, valid only during the call. Not called while paused. */
  onData(handler: (chunk: Uint8Array) => void): void;
  pause(): void;
  resume(): void;
  /** Called when the queue has fallen below the mark after write() said false. */
  onDrain(handler: () => void): void;
  /** No more will be written: the other side sees onEnd after all data. */
  end(): void;
  /** The other side will write no more, and all it wrote was delivered. */
  onEnd(handler: () => void): void;
  /** Ends both directions at once; what is queued may be lost. Safe to call at any time. */
  destroy(error?: VitrineError): void;
  /** The stream is over. The error is undefined after an orderly end or a destroy() without one. */
  onClose(handler: (error: VitrineError | undefined) => void): void;
}

/** Queued bytes above which write() asks the writer to wait. */
export const HIGH_WATER_BYTES = 256 * 1024;
/** Queued bytes of one stream above which a writer who does not wait loses the stream ("limit"): two 4K frames. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
