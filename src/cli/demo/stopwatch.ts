/** What took how long. */
import { formatTable } from "../terminal/report.ts";

export class Stopwatch {
  readonly #rows: [step: string, milliseconds: number][] = [];
  readonly #began = performance.now();

  /** Does `work` and notes how long it took, under `step`. */
  async time<T>(step: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    this.note(step, performance.now() - began);
    return result;
  }

  note(step: string, milliseconds: number): void {
    this.#rows.push([step, milliseconds]);
  }

  /** The table, with the time since the start as its last line. */
  table(): string {
    const total: [string, number] = ["all of it", performance.now() - this.#began];
    const rows = [...this.#rows, total].map(([step, milliseconds]) => [step, `${(milliseconds / 1000).toFixed(2)} s`]);
    return formatTable(["step", "time"], rows);
  }
}
