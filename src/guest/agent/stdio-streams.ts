/** Stdio streams that the host has opened for processes it has not spawned yet. */
import type { ByteStream } from "../../channel/byte-stream.ts";
import { type HostStreamHeader, MAX_PROCESSES } from "../../channel/contract/agent.ts";

export type StdioName = Extract<HostStreamHeader, { kind: "stdio" }>["name"];

/** How long such streams wait for their spawn, in milliseconds: it follows at once unless the host has given up. */
export const STDIO_CLAIM_DEADLINE_MS = 30_000;
/** Processes whose streams may wait at a time. */
export const MAX_UNCLAIMED_PROCESSES = MAX_PROCESSES;

interface Unclaimed {
  readonly streams: Map<StdioName, ByteStream>;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class StdioStreams {
  readonly #unclaimed = new Map<number, Unclaimed>();

  /** Keeps `stream` until the process is spawned. One too many, or a second of the same name, is destroyed. */
  add(process: number, name: StdioName, stream: ByteStream): void {
    let entry = this.#unclaimed.get(process);
    if (entry === undefined && this.#unclaimed.size < MAX_UNCLAIMED_PROCESSES) {
      const timer = setTimeout(() => this.discard(process), STDIO_CLAIM_DEADLINE_MS);
      entry = { streams: new Map(), timer };
      this.#unclaimed.set(process, entry);
    }
    if (entry === undefined || entry.streams.has(name)) stream.destroy();
    else entry.streams.set(name, stream);
  }

  /** Hands over what waits for `process`. */
  claim(process: number): Map<StdioName, ByteStream> {
    const entry = this.#unclaimed.get(process);
    clearTimeout(entry?.timer);
    this.#unclaimed.delete(process);
    return entry?.streams ?? new Map();
  }

  /** Destroys what waits for `process`. */
  discard(process: number): void {
    for (const stream of this.claim(process).values()) stream.destroy();
  }

  close(): void {
    for (const process of [...this.#unclaimed.keys()]) this.discard(process);
  }
}
