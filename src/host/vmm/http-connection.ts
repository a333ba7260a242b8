/**
 * HTTP/1.1 over one connection that is made once: how Firecracker and cloud-hypervisor are told what to do. The monitor
 * processes what the guest sends, so its answers are bounded and checked; and the connection is made before the guest runs
 * and never again, because a monitor that was broken into could put anything at the path of its socket.
 *
 * Reference: RFC 9112, of which both use little: no chunks, no trailers, one request after the other.
 */
import { VitrineError } from "../../base/error.ts";
import { sanitizeText } from "../../base/sanitize.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";

/** Bytes of the head and of the body of an answer. A machine's whole description has 10 KB. */
export const MAX_HTTP_HEAD_BYTES = 16 * 1024;
export const MAX_HTTP_BODY_BYTES = 1024 * 1024;
/** How long a monitor may take to answer: it loads kernels and snapshots while we wait. */
export const HTTP_DEADLINE_MS = 30_000;

export type HttpMethod = "GET" | "PUT" | "PATCH";

export interface HttpAnswer {
  readonly status: number;
  /** As it came; "" when there is none. */
  readonly body: string;
}

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: VitrineError) => void;
}

export class HttpConnection {
  readonly #stream: ByteStream;
  readonly #peer: string;
  #received: Uint8Array = new Uint8Array(0);
  #waiting: Waiting | undefined;
  #closed: VitrineError | undefined;

  /** Takes over `stream`. `peer` names the monitor in errors. */
  constructor(stream: ByteStream, peer: string) {
    this.#stream = stream;
    this.#peer = peer;
    stream.onData((chunk) => this.#receive(chunk));
    stream.onEnd(() => stream.destroy());
    stream.onClose((error) => this.#close(error));
  }

  /** Sends a request, with `body` as JSON if there is one, and resolves to the answer, whatever its status. */
  request(method: HttpMethod, path: string, body?: unknown): Promise<HttpAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#waiting !== undefined) {
      return Promise.reject(new VitrineError("internal", `Cannot ask ${this.#peer} two things at a time`));
    }
    const late = setTimeout(() => this.#break("timeout", `no answer within ${HTTP_DEADLINE_MS} ms`), HTTP_DEADLINE_MS);
    this.#waiting = { resolve, reject };
    this.#stream.write(encodeRequest(method, path, body));
    return promise.finally(() => clearTimeout(late));
  }

  close(): void {
    this.#stream.destroy();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#received.length + chunk.length > MAX_HTTP_HEAD_BYTES + MAX_HTTP_BODY_BYTES) {
      this.#break("protocol", "it is too long");
      return;
    }
    this.#received = Buffer.concat([this.#received, chunk]);
    while (this.#waiting !== undefined && this.#takeAnswer());
    if (this.#waiting === undefined && this.#received.length > 0) this.#break("protocol", "nothing was asked");
  }

  /** False until a whole answer is there. */
  #takeAnswer(): boolean {
    const bytes = Buffer.from(this.#received.buffer, this.#received.byteOffset, this.#received.length);
    const headEnd = bytes.indexOf("\r\n\r\n");
    if (headEnd < 0 && bytes.length < MAX_HTTP_HEAD_BYTES) return false;
    if (headEnd < 0 || headEnd > MAX_HTTP_HEAD_BYTES) return this.#break("protocol", "its head is too long");
    const head = parseHead(bytes.toString("latin1", 0, headEnd));
    if (head === undefined) return this.#break("protocol", "it is not HTTP, or in a form that is not used here");
    const bodyStart = headEnd + 4;
    if (bytes.length < bodyStart + head.length) return false;
    this.#received = bytes.subarray(bodyStart + head.length);
    // "Continue" announces the answer.
    if (head.status < 200) return true;
    const answer = { status: head.status, body: bytes.toString("utf8", bodyStart, bodyStart + head.length) };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
    return true;
  }

  #break(code: "protocol" | "timeout", why: string): false {
    this.#stream.destroy(new VitrineError(code, `Cannot read the answer of ${this.#peer}: ${why}`));
    return false;
  }

  #close(error: VitrineError | undefined): void {
    this.#closed = error ?? new VitrineError("io", `${this.#peer} has closed its control connection`);
    this.#waiting?.reject(this.#closed);
    this.#waiting = undefined;
  }
}

function encodeRequest(method: HttpMethod, path: string, body: unknown): Uint8Array {
  const content = body === undefined ? "" : JSON.stringify(body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    "Host: localhost",
    "Accept: application/json",
    ...(body === undefined ? [] : ["Content-Type: application/json", `Content-Length: ${Buffer.byteLength(content)}`]),
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${content}`);
}

/** Status and length of the body; undefined when the head is nothing that is understood here. */
function parseHead(text: string): { status: number; length: number } | undefined {
  const [first = "", ...fields] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) return undefined;
  let length = 0;
  for (const field of fields) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(field) ?? [];
    if (name === undefined || value === undefined) return undefined;
    if (/^transfer-encoding$/i.test(name)) return undefined;
    if (!/^content-length$/i.test(name)) continue;
    if (!/^\d{1,9}$/.test(value)) return undefined;
    length = Number(value);
  }
  return length > MAX_HTTP_BODY_BYTES ? undefined : { status: Number(status), length };
}

/** The error for an answer that refuses: `reason` is the monitor's own words. */
export function refusal(peer: string, method: HttpMethod, path: string, status: number, reason: string): VitrineError {
  const words = sanitizeText(reason, 400);
  return new VitrineError("guest-failed", `${peer} refused "${method} ${path}" with status ${status}: ${words}`);
}
