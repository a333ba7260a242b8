import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import { HttpConnection, MAX_HTTP_BODY_BYTES, MAX_HTTP_HEAD_BYTES } from "./http-connection.ts";

/** A connection, and its other end: what it sent, and how to answer. */
function connect() {
  const [ours, theirs] = socketPair();
  const peer = fdStream(theirs);
  let sent = "";
  peer.onData((chunk) => {
    sent += new TextDecoder().decode(chunk);
  });
  return {
    api: new HttpConnection(fdStream(ours), "the monitor"),
    peer,
    sent: () => sent,
    answer: (text: string | Uint8Array) => peer.write(typeof text === "string" ? Buffer.from(text) : text),
  };
}

async function outcome(text: string): Promise<unknown> {
  const { api, answer, peer } = connect();
  const asked = api.request("GET", "/").catch((error: unknown) => error);
  answer(text);
  const result = await asked;
  peer.destroy();
  api.close();
  return result;
}

describe("HTTP on one connection", () => {
  test("requests and answers follow one another; a body is JSON", async () => {
    const { api, answer, sent, peer } = connect();
    const first = api.request("PUT", "/vsock", { uds_path: "ü" });
    answer("HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n");
    expect(await first).toEqual({ status: 204, body: "" });
    expect(sent()).toEndWith('Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"uds_path":"ü"}');
    const second = api.request("GET", "/version");
    answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:  4 \r\n\r\n{ü}");
    expect(await second).toEqual({ status: 200, body: "{ü}" });
    peer.destroy();
  });

  test("an answer is understood however it is cut", async () => {
    const content = '{"fault_message":"ä"}';
    const length = Buffer.byteLength(content);
    const whole = Buffer.from(`HTTP/1.1 400 Bad Request\r\nContent-Length: ${length}\r\n\r\n${content}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: whole.length }), { maxLength: 6 }), async (cuts) => {
        const { api, answer, peer } = connect();
        const asked = api.request("GET", "/");
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        for (const [index, end] of places.slice(1).entries()) {
          const part = whole.subarray(places[index], end);
          if (part.length > 0) answer(part);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await asked).toEqual({ status: 400, body: content });
        peer.destroy();
        api.close();
      }),
      { seed: 7, numRuns: 50 },
    );
  });

  test("what is not an answer ends the connection", async () => {
    const refused = [
      "nonsense\r\n\r\n",
      "HTTP/1.1 999 Odd\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      `HTTP/1.1 200 OK\r\nContent-Length: ${MAX_HTTP_BODY_BYTES + 1}\r\n\r\n`,
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      `HTTP/1.1 200 OK\r\n${"x".repeat(MAX_HTTP_HEAD_BYTES)}`,
      "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 No Content\r\n\r\nmore than was asked",
    ];
    for (const text of refused.slice(0, -1)) expect(await outcome(text)).toMatchObject({ code: "protocol" });
    const { api, answer, peer } = connect();
    const asked = api.request("GET", "/");
    answer(refused.at(-1) ?? "");
    expect(await asked).toMatchObject({ status: 204 });
    expect(await api.request("GET", "/").catch((error: unknown) => error)).toMatchObject({ code: "protocol" });
    peer.destroy();
  });

  test("a monitor that goes is told; two things at a time are not asked", async () => {
    const { api, peer } = connect();
    const asked = api.request("GET", "/").catch((error: unknown) => error);
    expect(await api.request("GET", "/").catch((error: unknown) => error)).toMatchObject({ code: "internal" });
    peer.destroy();
    expect(await asked).toMatchObject({ code: "io" });
    expect(await api.request("GET", "/").catch((error: unknown) => error)).toMatchObject({ code: "io" });
  });
});
