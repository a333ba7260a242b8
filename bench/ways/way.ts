/** A way from an app to the screen: what is compared. */
import type { Readable } from "node:stream";
import { withDeadline } from "../../tests/support/deadline.ts";

/** What an app prints, line by line. */
export class Lines {
  readonly #waiting: string[] = [];
  #partial = "";
  #wake: () => void = () => {};

  constructor(source: Readable) {
    source.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.#partial + text).split("\n");
      this.#partial = lines.pop() ?? "";
      this.#waiting.push(...lines);
      this.#wake();
    });
  }

  /** Waits for the first line, from those that come, that begins with `word`; returns its words. */
  async find(word: string, deadlineMs = 120_000): Promise<string[]> {
    return await withDeadline<string[]>(`waiting for the line "${word}"`, deadlineMs, (resolve) => {
      this.#wake = () => {
        for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
          const words = line.trim().split(" ");
          if (words[0] === word) return resolve(words);
        }
      };
      this.#wake();
      return () => {
        this.#wake = () => {};
      };
    });
  }
}

/** An app that was started. */
export interface RunningApp {
  readonly lines: Lines;
  /** Ends it, and returns when its window has gone from the way's own books. */
  close(): Promise<void>;
}

/** Processes of the host, by what they are. */
export interface HostProcesses {
  /** The virtual machine monitor: guest code and devices. */
  readonly monitor: readonly number[];
  /** Everything between the monitor and the compositor. */
  readonly bridge: readonly number[];
}

export interface Way extends AsyncDisposable {
  readonly name: string;
  /** Starts the machine, if there is one, and the app in it; the first call is a cold start. */
  run(words: readonly string[]): Promise<RunningApp>;
  /** Runs the measured app, bench/client.ts. */
  runClient(words: readonly string[]): Promise<RunningApp>;
  /** Of the app that runs. */
  hostProcesses(): Promise<HostProcesses>;
  /**
   * Bytes that the guest has sent to the host since the client was started; undefined without a guest. Of waypipe with
   * the little that it receives.
   */
  channelBytes(): Promise<number | undefined>;
  /** Bytes of guest memory in use; undefined without a guest. */
  guestMemory(): Promise<number | undefined>;
  /**
   * Milliseconds from a line written to a program in the guest, which does nothing but wait for it, to its answer: what one
   * guest wake-up costs here, whoever asks for it. Undefined where no such program runs.
   */
  wakeUp?(): Promise<number>;
}
