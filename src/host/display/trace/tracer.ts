/**
 * Shows the messages of a sandbox's app connections to whoever watches. There is a tracer only while somebody does; the
 * display looks whether there is one, and that is all it costs otherwise.
 */
import { VitrineError } from "../../../base/error.ts";
import type { TraceDirection, TraceOptions, TraceRecord } from "../../../channel/contract/trace.ts";
import type { InterfaceTable, MessageTable, Value } from "../../../wayland/types.ts";
import { categoryOf } from "./categories.ts";
import { formatArguments } from "./format.ts";

/** Who may watch a sandbox at a time. */
export const MAX_TRACES = 4;

interface Watcher {
  readonly options: TraceOptions;
  readonly show: (record: TraceRecord) => void;
}

export class Tracer {
  readonly #watchers = new Set<Watcher>();

  get watched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Shows what `options` ask for until the function returned is called. Throws "limit" when too many watch. */
  watch(options: TraceOptions, show: (record: TraceRecord) => void): () => void {
    if (this.#watchers.size >= MAX_TRACES)
      throw new VitrineError("limit", `Cannot trace: ${MAX_TRACES} traces of the sandbox run already`);
    const watcher = { options, show };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** A message was seen. `args` are as decoded, in the numbering of that side. */
  message(
    client: number,
    direction: TraceDirection,
    table: InterfaceTable,
    id: number,
    message: MessageTable,
    args: readonly Value[],
  ): void {
    const category = categoryOf(table, message);
    let record: TraceRecord | undefined;
    for (const { options, show } of this.#watchers) {
      if (options.without.includes(category) || (options.client !== undefined && options.client !== client)) continue;
      record ??= {
        at: performance.timeOrigin + performance.now(),
        client,
        direction,
        category,
        interface: table.name,
        id,
        message: message.name,
        arguments: formatArguments(table, message, args, { kept: false }),
      };
      show(record);
    }
  }
}
