import { afterAll, describe, expect, test } from "bun:test";
import { VitrineError } from "../../base/error.ts";
import { httpGet, shown } from "./http.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  fetch(request) {
    switch (new URL(request.url).pathname) {
      case "/silent":
        return new Promise<Response>(() => {});
      case "/stops":
        return new Response(new ReadableStream({ start: (controller) => controller.enqueue("abc") }));
      case "/packed":
        return new Response(Bun.gzipSync("text"), { headers: { "content-encoding": "gzip" } });
      case "/moved":
        return new Response("", { status: 301, headers: { location: "/here" } });
      default:
        return new Response("here");
    }
  },
});

afterAll(() => {
  void server.stop(true);
});

const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

async function body(
  address: string,
  maxBytes: number,
  more: { silenceMs?: number; signal?: AbortSignal } = {},
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const answer = await httpGet({ address, ...more });
  for await (const chunk of answer.chunks(maxBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function failure(promise: Promise<unknown>): Promise<VitrineError> {
  return await promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error) => VitrineError.from(error),
  );
}

describe("httpGet", () => {
  test("follows what has moved, and gives the bytes as they are stored", async () => {
    expect(await body(at("/moved"), 100)).toBe("here");
    expect(Buffer.from(await body(at("/packed"), 1000)).length).toBeGreaterThan(4);
  });

  test("a server that does not answer, or stops within an answer", async () => {
    for (const path of ["/silent", "/stops"]) {
      const error = await failure(body(at(path), 100, { silenceMs: 50 }));
      expect([path, error.code, error.message]).toEqual([
        path,
        "timeout",
        expect.stringContaining("silent for 0.05 s"),
      ]);
    }
  });

  test("is ended by its caller, before the answer and within it", async () => {
    for (const path of ["/silent", "/stops"]) {
      const controller = new AbortController();
      const failed = failure(body(at(path), 100, { signal: controller.signal }));
      controller.abort();
      expect([path, (await failed).code]).toEqual([path, "cancelled"]);
    }
    const aborted = AbortSignal.abort();
    expect((await failure(body(at("/here"), 100, { signal: aborted }))).code).toBe("cancelled");
  });

  test("no more than is allowed", async () => {
    expect(await body(at("/here"), 4)).toBe("here");
    expect((await failure(body(at("/here"), 3))).code).toBe("limit");
  });

  test("names and passwords are not shown", () => {
    expect(shown("https://me:secret@mirror.example/debian")).toBe("https://mirror.example/debian");
  });
});
