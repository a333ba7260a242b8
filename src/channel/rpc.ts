/**
 * Calls and events between two processes, over one byte stream. The contract (channel/contract) says what may be said;
 * both ends compile it and both check what they receive before anything acts on it.
 *
 *   {id, method, params} -> {id, result} or {id, error: {code, message}}        {event, data}
 */
import * as z from "zod/mini";
import { type ErrorCode, VitrineError } from "../base/error.ts";
import { sanitizeText } from "../base/sanitize.ts";
import type { ByteStream } from "./byte-stream.ts";
import { encodeMessage, MessageAssembler } from "./message.ts";

/** Bytes of one message. Holds a command line of MAX_STRING_BYTES and then some. */
export const MAX_RPC_MESSAGE = 256 * 1024;
/** Calls under way in one direction. */
export const MAX_PENDING_CALLS = 256;
/** How long a call may take unless the caller says otherwise. */
export const CALL_DEADLINE_MS = 30_000;
/** Characters of an error message from the other side. */
export const MAX_ERROR_CHARS = 4096;

export interface Contract {
  readonly methods: Readonly<Record<string, { readonly params: z.ZodMiniType; readonly result: z.ZodMiniType }>>;
  readonly events: Readonly<Record<string, z.ZodMiniType>>;
}
type Methods<C extends Contract> = C["methods"];
type Params<C extends Contract, M extends keyof Methods<C>> = z.infer<Methods<C>[M]["params"]>;
type Result<C extends Contract, M extends keyof Methods<C>> = z.infer<Methods<C>[M]["result"]>;
type Data<C extends Contract, E extends keyof C["events"]> = z.infer<C["events"][E]>;

/** One function for each method of a contract. What it throws is the caller's error. */
export type Handlers<C extends Contract> = {
  [M in keyof Methods<C>]: (params: Params<C, M>) => Result<C, M> | Promise<Result<C, M>>;
};

export const emptyContract = { methods: {}, events: {} } as const satisfies Contract;
type Empty = typeof emptyContract;

const ERROR_CODES: Record<ErrorCode, true> = {
  "invalid-argument": true,
  "not-found": true,
  "already-exists": true,
  unavailable: true,
  protocol: true,
  limit: true,
  corrupt: true,
  "no-space": true,
  denied: true,
  "guest-failed": true,
  timeout: true,
  cancelled: true,
  io: true,
  internal: true,
};

const callId = z.int().check(z.minimum(1));
const messageSchema = z.union([
  z.strictObject({ id: callId, method: z.string(), params: z.unknown() }),
  z.strictObject({ id: callId, result: z.unknown() }),
  z.strictObject({
    id: callId,
    error: z.object({ code: z.string(), message: z.string(), fix: z.optional(z.string()) }),
  }),
  z.strictObject({ event: z.string(), data: z.unknown() }),
]);

interface Pending {
  readonly method: string;
  settle(outcome: { result: unknown } | { error: VitrineError }): void;
}

/**
 * One end. `serves`: the contract whose methods we answer and whose events we send. `calls`: the contract whose methods
 * we call and whose events we get. Takes over `stream`; a message that is none ends it with the protocol error.
 */
export class RpcPeer<Serves extends Contract = Empty, Calls extends Contract = Empty> {
  readonly #stream: ByteStream;
  readonly #serves: Serves | undefined;
  readonly #handlers: Handlers<Serves> | undefined;
  readonly #calls: Calls | undefined;
  readonly #assembler = new MessageAssembler(MAX_RPC_MESSAGE);
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, (data: never) => void>();
  #running = 0;
  #nextId = 1;
  #onClose: ((error: VitrineError | undefined) => void) | undefined;
  #closed: { error: VitrineError | undefined } | undefined;

  constructor(stream: ByteStream, options: { serves?: Serves; handlers?: Handlers<Serves>; calls?: Calls }) {
    this.#stream = stream;
    this.#serves = options.serves;
    this.#handlers = options.handlers;
    this.#calls = options.calls;
    stream.onData((chunk) => this.#receive(chunk));
    stream.onEnd(() => this.#close(undefined));
    stream.onClose((error) => this.#close(error));
  }

  /** Calls a method. Rejects with the other side's error, "timeout" after `deadlineMs`, or "io" when the link is lost. */
  call<M extends keyof Methods<Calls> & string>(
    method: M,
    params: Params<Calls, M>,
    options: { deadlineMs?: number } = {},
  ): Promise<Result<Calls, M>> {
    const schema = this.#calls?.methods[method]?.result;
    if (schema === undefined) throw new VitrineError("internal", `Cannot call "${method}": not in the contract`);
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined)
        return reject(new VitrineError("io", `Cannot call "${method}": the link is closed`));
      if (this.#pending.size >= MAX_PENDING_CALLS)
        return reject(new VitrineError("limit", `Cannot call "${method}": too many calls wait`));
      const id = this.#nextId++;
      const deadline = options.deadlineMs ?? CALL_DEADLINE_MS;
      const late = new VitrineError("timeout", `Cannot finish "${method}": no answer within ${deadline} ms`);
      const timer = Number.isFinite(deadline) ? setTimeout(() => settle({ error: late }), deadline) : undefined;
      const settle = (outcome: { result: unknown } | { error: VitrineError }) => {
        clearTimeout(timer);
        this.#pending.delete(id);
        if ("error" in outcome) return reject(outcome.error);
        const checked = schema.safeParse(outcome.result);
        if (checked.success) resolve(checked.data as Result<Calls, M>);
        else
          reject(
            new VitrineError("protocol", `Cannot use the answer to "${method}": ${z.prettifyError(checked.error)}`),
          );
      };
      this.#pending.set(id, { method, settle });
      try {
        this.#send({ id, method, params });
      } catch (error) {
        settle({ error: VitrineError.from(error) });
      }
    });
  }

  /** Sends an event of the contract we serve. */
  emit<E extends keyof Serves["events"] & string>(event: E, data: Data<Serves, E>): void {
    if (this.#closed === undefined) this.#send({ event, data });
  }

  /** Sets the listener for an event of the contract we call. */
  on<E extends keyof Calls["events"] & string>(event: E, listener: (data: Data<Calls, E>) => void): void {
    this.#listeners.set(event, listener as (data: never) => void);
  }

  /** The link is over; calls under way were rejected before. */
  onClose(handler: (error: VitrineError | undefined) => void): void {
    this.#onClose = handler;
    const closed = this.#closed;
    if (closed !== undefined) queueMicrotask(() => handler(closed.error));
  }

  close(): void {
    this.#stream.end();
    this.#close(undefined);
  }

  #send(message: unknown): void {
    this.#stream.write(encodeMessage(message, MAX_RPC_MESSAGE));
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#assembler.push(chunk);
      for (let next = this.#assembler.next(); next !== undefined; next = this.#assembler.next()) {
        const message = messageSchema.safeParse(next.value);
        if (!message.success) throw new VitrineError("protocol", "Cannot read message: neither call, answer nor event");
        this.#handle(message.data);
      }
    } catch (error) {
      this.#stream.destroy(VitrineError.from(error));
    }
  }

  #handle(message: z.infer<typeof messageSchema>): void {
    if ("method" in message) {
      void this.#answer(message.id, message.method, message.params);
    } else if ("event" in message) {
      const schema = this.#calls?.events[message.event];
      const data = schema?.safeParse(message.data);
      if (!data?.success)
        throw new VitrineError(
          "protocol",
          `Cannot take event "${sanitizeText(message.event, 64)}": not in the contract`,
        );
      this.#listeners.get(message.event)?.(data.data as never);
    } else {
      const pending = this.#pending.get(message.id);
      if (pending === undefined) return; // Its deadline passed.
      if ("error" in message) pending.settle({ error: receivedError(message.error) });
      else pending.settle({ result: message.result });
    }
  }

  async #answer(id: number, method: string, params: unknown): Promise<void> {
    let answer: unknown;
    this.#running += 1;
    try {
      answer = { id, result: (await this.#run(method, params)) ?? {} };
    } catch (cause) {
      const error = VitrineError.from(cause);
      answer = {
        id,
        error: { code: error.code, message: error.message, ...(error.fix === undefined ? {} : { fix: error.fix }) },
      };
    } finally {
      this.#running -= 1;
    }
    if (this.#closed === undefined) this.#send(answer);
  }

  #run(method: string, params: unknown): unknown {
    const schemas = Object.hasOwn(this.#serves?.methods ?? {}, method) ? this.#serves?.methods[method] : undefined;
    const handler = this.#handlers?.[method];
    if (schemas === undefined || handler === undefined) {
      throw new VitrineError("protocol", `Cannot call "${sanitizeText(method, 64)}": not in the contract`);
    }
    if (this.#running > MAX_PENDING_CALLS)
      throw new VitrineError("limit", `Cannot call "${method}": too many calls wait`);
    const checked = schemas.params.safeParse(params);
    if (!checked.success)
      throw new VitrineError("protocol", `Cannot call "${method}": ${z.prettifyError(checked.error)}`);
    return handler(checked.data as never);
  }

  #close(error: VitrineError | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = { error };
    const lost = new VitrineError("io", "Cannot get an answer: the link was lost", { cause: error });
    for (const pending of [...this.#pending.values()]) pending.settle({ error: lost });
    this.#onClose?.(error);
  }
}

/** An error as the other side told it: code checked, text made safe. */
function receivedError(raw: { code: string; message: string; fix?: string | undefined }): VitrineError {
  const code = Object.hasOwn(ERROR_CODES, raw.code) ? (raw.code as ErrorCode) : "internal";
  const fix = raw.fix === undefined ? {} : { fix: sanitizeText(raw.fix, MAX_ERROR_CHARS) };
  return new VitrineError(code, sanitizeText(raw.message, MAX_ERROR_CHARS), fix);
}
