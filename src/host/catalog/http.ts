/** Fetches over HTTP, bounded in size and time. What is fetched is not trusted: whoever asks checks a digest or a signature. */
import { VitrineError } from "../../base/error.ts";

/** How long a server may take to begin an answer, and how long it may fall silent within one, in milliseconds. */
export const HTTP_SILENCE_MS = 30_000;
/** Redirections that are followed for one file. */
export const MAX_REDIRECTIONS = 5;

export interface HttpRequest {
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** How long the server may be silent, in milliseconds; {@link HTTP_SILENCE_MS} by default. */
  readonly silenceMs?: number;
}

export interface HttpAnswer {
  /** 200, 206 (a part, as asked for) or 304 (not changed); everything else has been thrown. */
  readonly status: 200 | 206 | 304;
  readonly headers: Headers;
  /** The body; throws "limit" beyond `maxBytes`, "timeout" when it stops coming. */
  chunks(maxBytes: number): AsyncGenerator<Uint8Array>;
}

/** Asks for a file. Throws "not-found", "unavailable", "timeout" or "cancelled". */
export async function httpGet({
  address,
  headers = {},
  signal,
  silenceMs = HTTP_SILENCE_MS,
}: HttpRequest): Promise<HttpAnswer> {
  let target = address;
  for (let hop = 0; hop <= MAX_REDIRECTIONS; hop++) {
    const watch = new Watch(address, signal, silenceMs);
    try {
      const response = await watch.guard(
        fetch(target, {
          // The file as it is stored: a server that packs once more would spoil its digest.
          headers: { "accept-encoding": "identity", "user-agent": "vitrine", ...headers },
          redirect: "manual",
          decompress: false,
          signal: watch.signal,
        }),
      );
      const { status } = response;
      if (status === 200 || status === 206 || status === 304) {
        return {
          status,
          headers: response.headers,
          chunks: (maxBytes) => readBody(response, maxBytes, watch, address),
        };
      }
      watch.end();
      if (status < 300 || status >= 400) throw refused(address, status);
      target = redirection(response, target, address);
    } catch (error) {
      watch.end();
      throw error;
    }
  }
  throw new VitrineError("unavailable", `Cannot fetch "${shown(address)}": more than ${MAX_REDIRECTIONS} redirections`);
}

/** `address` as it may be shown: without name and password. */
export function shown(address: string): string {
  return address.replace(/^(https?:\/\/)[^/@]*@/i, "$1");
}

async function* readBody(
  response: Response,
  maxBytes: number,
  watch: Watch,
  address: string,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } =
        (await watch.guard(reader?.read() ?? Promise.resolve({ done: true as const, value: undefined }))) ?? {};
      if (done || value === undefined) return;
      length += value.length;
      if (length > maxBytes) {
        throw new VitrineError(
          "limit",
          `Cannot fetch "${shown(address)}": it has more than the ${maxBytes} bytes allowed`,
        );
      }
      yield value;
    }
  } finally {
    watch.end();
    await reader?.cancel().catch(() => {});
  }
}

function redirection(response: Response, from: string, address: string): string {
  const location = response.headers.get("location") ?? "";
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  // Bun's fetch knows file: and others too: a server must not lead us to a file of this machine.
  const allowed = target?.protocol === "https:" || (target?.protocol === "http:" && from.startsWith("http:"));
  if (target !== undefined && allowed) return target.href;
  throw new VitrineError("unavailable", `Cannot fetch "${shown(address)}": it leads elsewhere than to http or https`);
}

function refused(address: string, status: number): VitrineError {
  if (status === 404 || status === 410) {
    return new VitrineError("not-found", `Cannot fetch "${shown(address)}": the server has no such file`);
  }
  return new VitrineError("unavailable", `Cannot fetch "${shown(address)}": the server answers with status ${status}`, {
    fix: "try again later, or choose another mirror with VITRINE_DEBIAN_MIRROR",
  });
}

/** Ends one exchange when the server is silent for too long, or the caller does not want it any more. */
class Watch {
  readonly #controller = new AbortController();
  readonly #address: string;
  readonly #caller: AbortSignal | undefined;
  readonly #silenceMs: number;
  readonly #abort = (): void => this.#controller.abort();

  constructor(address: string, caller: AbortSignal | undefined, silenceMs: number) {
    this.#address = address;
    this.#silenceMs = silenceMs;
    this.#caller = caller;
    if (caller?.aborted) this.#abort();
    caller?.addEventListener("abort", this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `step` of the exchange, which must come to an end within the time of silence; its failure in our words. */
  async guard<T>(step: Promise<T>): Promise<T> {
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      this.#abort();
    }, this.#silenceMs);
    try {
      return await step;
    } catch (cause) {
      const what = `Cannot fetch "${shown(this.#address)}"`;
      if (this.#caller?.aborted) throw new VitrineError("cancelled", `${what}: cancelled`);
      if (silent) {
        throw new VitrineError("timeout", `${what}: the server has been silent for ${this.#silenceMs / 1000} s`, {
          fix: "try again: what has come so far is kept",
        });
      }
      throw new VitrineError("unavailable", `${what}: ${reasonOf(cause)}`, {
        cause,
        fix: "check the network connection, or choose another mirror with VITRINE_DEBIAN_MIRROR",
      });
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.#caller?.removeEventListener("abort", this.#abort);
  }
}

function reasonOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | undefined)?.code;
  if (code === "ConnectionRefused" || code === "ECONNREFUSED") return "the server refuses connections";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "DNSException") return "its name leads nowhere";
  return typeof code === "string" && code !== "" ? `the connection failed (${code})` : "the connection failed";
}
