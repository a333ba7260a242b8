/**
 * QEMU's control protocol (QMP), in short: lines of JSON. A greeting comes first and is answered with qmp_capabilities;
 * then each {"execute", "arguments", "id"} gets {"return", "id"} or {"error", "id"}, with {"event"} lines in between.
 * QEMU processes guest data, so its answers are bounded and checked too.
 */
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { sanitizeText } from "../../../base/sanitize.ts";
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { sendMessage } from "../../../sys/message.ts";

/** Characters of one line; the greeting has about 300. */
export const MAX_QMP_LINE_CHARS = 256 * 1024;
/** How long QEMU may take to greet or to answer. */
export const QMP_DEADLINE_MS = 30_000;

const lineSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ event: z.string(), data: z.optional(z.unknown()) }),
  z.object({ return: z.unknown(), id: z.int() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }), id: z.int() }),
]);

type Answer = { value: unknown } | { error: VitrineError };

export class QmpClient {
  readonly #stream: ByteStream;
  /** The same connection, for what a stream cannot carry. */
  readonly #socket: OwnedFd;
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  readonly #pending = new Map<number, (answer: Answer) => void>();
  readonly #greeting = Promise.withResolvers<void>();
  readonly #decoder = new TextDecoder();
  #partial = "";
  #nextId = 1;
  #closed: VitrineError | undefined;
  /** Set this to be told of QEMU's events. */
  onEvent: ((name: string, data: unknown) => void) | undefined;

  /** Takes over `monitor`, a stream socket. */
  constructor(monitor: OwnedFd) {
    this.#socket = monitor.dup();
    const stream = fdStream(monitor);
    this.#stream = stream;
    this.#greeting.promise.catch(() => {});
    stream.onData((chunk) => this.#receive(chunk));
    stream.onEnd(() => stream.destroy());
    stream.onClose((error) =>
      this.#close(error ?? new VitrineError("io", "The monitor has closed its control connection")),
    );
  }

  /** Waits for QEMU's greeting and makes it listen. */
  async open(): Promise<void> {
    await within(this.#greeting.promise, "Cannot control QEMU: no greeting");
    await this.execute("qmp_capabilities");
  }

  /** Runs a command; throws "io" with QEMU's own words when it refuses. */
  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#call(command, args, (line) => void this.#stream.write(line));
  }

  /** Gives QEMU a duplicate of `fd` under a name, by which commands can then speak of it. */
  async passDescriptor(name: string, fd: OwnedFd): Promise<void> {
    await this.#call("getfd", { fdname: name }, (line) => {
      // A command this short finds room: QEMU has read all that came before it.
      if (sendMessage(this.#socket, line, [fd]) !== line.length)
        throw new VitrineError("io", "Cannot pass a descriptor to QEMU: it does not read its commands");
    });
  }

  /** Resolves when QEMU next reports that; rejects when it is gone. */
  event(name: string): Promise<void> {
    const known = this.#awaited.get(name);
    if (known !== undefined) return known.promise;
    const awaited = Promise.withResolvers<void>();
    awaited.promise.catch(() => {});
    if (this.#closed === undefined) this.#awaited.set(name, awaited);
    else awaited.reject(this.#closed);
    return awaited.promise;
  }

  #call(command: string, args: Readonly<Record<string, unknown>>, send: (line: Uint8Array) => void): Promise<unknown> {
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed);
      const id = this.#nextId++;
      this.#pending.set(id, (outcome) => {
        this.#pending.delete(id);
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      });
      send(Buffer.from(`${JSON.stringify({ execute: command, arguments: args, id })}\n`));
    });
    return within(answer, `Cannot run "${command}" in QEMU: no answer`);
  }

  close(): void {
    this.#stream.destroy();
  }

  #receive(chunk: Uint8Array): void {
    const lines = (this.#partial + this.#decoder.decode(chunk, { stream: true })).split("\n");
    this.#partial = lines.pop() ?? "";
    if (this.#partial.length > MAX_QMP_LINE_CHARS) {
      this.#stream.destroy(new VitrineError("protocol", "Cannot read QEMU's answer: the line is too long"));
      return;
    }
    for (const line of lines) if (line.trim() !== "") this.#line(line);
  }

  #line(line: string): void {
    let parsed: z.infer<typeof lineSchema>;
    try {
      parsed = lineSchema.parse(JSON.parse(line));
    } catch (cause) {
      this.#stream.destroy(
        new VitrineError("protocol", `Cannot read QEMU's answer: "${sanitizeText(line, 100)}"`, { cause }),
      );
      return;
    }
    if ("QMP" in parsed) this.#greeting.resolve();
    else if ("event" in parsed) {
      this.#awaited.get(parsed.event)?.resolve();
      this.#awaited.delete(parsed.event);
      this.onEvent?.(parsed.event, parsed.data);
    } else if ("error" in parsed) {
      const { error, id } = parsed;
      this.#pending.get(id)?.({ error: new VitrineError("io", `QEMU refused: ${sanitizeText(error.desc, 400)}`) });
    } else this.#pending.get(parsed.id)?.({ value: parsed.return });
  }

  #close(error: VitrineError): void {
    this.#closed = error;
    this.#socket.close();
    this.#greeting.reject(error);
    for (const awaited of this.#awaited.values()) awaited.reject(error);
    this.#awaited.clear();
    for (const settle of [...this.#pending.values()]) settle({ error });
  }
}

function within<T>(promise: Promise<T>, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new VitrineError("timeout", `${message} within ${QMP_DEADLINE_MS} ms`)),
      QMP_DEADLINE_MS,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
