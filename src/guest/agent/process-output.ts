/** What a process writes, on its way to the host. */
import type { ByteStream } from "../../channel/byte-stream.ts";

/**
 * How long an output of an ended process must be silent to count as written out, in milliseconds: what the process has
 * left running may hold it open for good. Time in which the host does not take data does not count.
 */
export const OUTPUT_SILENCE_MS = 500;

/**
 * Copies `output` (end to read of a pipe, or a terminal's controller) to the `host` stream and owns both. When the host
 * gives the stream up, the process finds its output closed. `onDone` is called once, when all has been written out.
 */
export class ProcessOutput {
  readonly #output: ByteStream;
  readonly #onDone: () => void;
  #done = false;
  #processEnded = false;
  #blocked = false;
  #outputOver = false;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(output: ByteStream, host: ByteStream, onDone: () => void, options: { hostWrites: boolean }) {
    this.#output = output;
    this.#onDone = onDone;
    let hostEnded = options.hostWrites;
    const outputEnds = () => {
      if (this.#outputOver) return;
      this.#outputOver = true;
      clearTimeout(this.#silence);
      output.destroy();
      host.end();
      // Once the host has ended its direction, the close of the stream says that the last byte has gone out.
      if (!hostEnded || options.hostWrites) this.#finish();
    };
    host.onDrain(() => {
      this.#blocked = false;
      this.#listen();
      output.resume();
    });
    output.onEnd(outputEnds);
    output.onClose(outputEnds);
    if (!options.hostWrites) {
      host.onData(() => {});
      host.onEnd(() => {
        hostEnded = true;
      });
      host.onClose(() => {
        output.destroy();
        this.#finish();
      });
    }
    output.onData((chunk) => {
      if (!host.write(chunk)) {
        this.#blocked = true;
        output.pause();
      }
      this.#listen();
    });
  }

  /** From now on, silence is the end. */
  processEnded(): void {
    this.#processEnded = true;
    this.#listen();
  }

  /** Gives up at once. */
  destroy(): void {
    this.#output.destroy();
    this.#finish();
  }

  #listen(): void {
    clearTimeout(this.#silence);
    if (!this.#processEnded || this.#done || this.#blocked || this.#outputOver) return;
    this.#silence = setTimeout(() => this.#finish(), OUTPUT_SILENCE_MS);
  }

  #finish(): void {
    clearTimeout(this.#silence);
    if (this.#done) return;
    this.#done = true;
    this.#onDone();
  }
}
