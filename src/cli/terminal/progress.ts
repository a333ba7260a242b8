/** Shows how far something long is: one line that is rewritten on a terminal, one line per stage elsewhere. */
import type { BuildProgress } from "../../host/image/build-options.ts";
import type { CliContext } from "../context.ts";
import { formatDuration } from "./report.ts";

export class ProgressLine {
  readonly #output: CliContext["process"]["stderr"];
  readonly #what: string;
  readonly #began = performance.now();
  #stage = "";
  #shown = false;

  /** `what` heads every line: "image demo". */
  constructor(context: CliContext, what: string) {
    this.#output = context.process.stderr;
    this.#what = what;
  }

  readonly report = ({ stage, detail, fraction }: BuildProgress): void => {
    if (this.#output.isTTY === true) {
      const percent = fraction === undefined ? "" : ` ${Math.round(fraction * 100)} %`;
      this.#output.write(`\r\u001b[K${this.#what}: ${stage}${detail === undefined ? "" : `, ${detail}`}${percent}`);
    } else if (stage !== this.#stage) {
      this.#output.write(`${this.#what}: ${stage}\n`);
    }
    this.#stage = stage;
    this.#shown = true;
  };

  /** Ends the line, if anything was shown, with how long it took. */
  done(outcome = "done"): void {
    if (!this.#shown) return;
    const start = this.#output.isTTY === true ? "\r\u001b[K" : "";
    this.#output.write(`${start}${this.#what}: ${outcome}, ${formatDuration(performance.now() - this.#began)}\n`);
  }

  /** Leaves what is shown and begins a new line, for the error that follows. */
  fail(): void {
    if (this.#shown && this.#output.isTTY === true) this.#output.write("\n");
  }
}
