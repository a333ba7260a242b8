/** Joining streams, with back-pressure and half-close. */
import type { VitrineError } from "../base/error.ts";
import type { ByteStream } from "./byte-stream.ts";

/**
 * Copies all that `from` gives to `to`, then ends `to`. `onChunk` is told how many bytes have come before they go on, and
 * may destroy the streams; `onDone` is called once, with the error if either was lost. The streams' onData, onEnd and
 * onClose (of `from`), and onDrain (of `to`) belong to the copy from now on.
 */
export function copyOneWay(
  from: ByteStream,
  to: ByteStream,
  options: { onChunk?: (bytes: number) => void; onDone?: (error: VitrineError | undefined) => void } = {},
): void {
  let done = false;
  const finish = (error: VitrineError | undefined) => {
    if (done) return;
    done = true;
    to.end();
    options.onDone?.(error);
  };
  to.onDrain(() => from.resume());
  from.onEnd(() => finish(undefined));
  from.onClose(finish);
  from.onData((chunk) => {
    options.onChunk?.(chunk.length);
    if (!to.write(chunk)) from.pause();
  });
}

/** Joins two streams: what one gives goes to the other, an end ends the other's writing, a loss destroys both. */
export function splice(a: ByteStream, b: ByteStream, onDone?: () => void): void {
  let open = 2;
  const closed = (other: ByteStream) => (error: VitrineError | undefined) => {
    open -= 1;
    // After an orderly end the other side may still have bytes to write out; it closes by itself.
    if (error === undefined) other.end();
    else other.destroy(error);
    if (open === 0) onDone?.();
  };
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    to.onDrain(() => from.resume());
    from.onEnd(() => to.end());
    from.onClose(closed(to));
    from.onData((chunk) => {
      if (!to.write(chunk)) from.pause();
    });
  }
}
