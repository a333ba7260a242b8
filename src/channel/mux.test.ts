import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { VitrineError } from "../base/error.ts";
import { socketPair, writeSome } from "../sys/socket.ts";
import type { ByteStream } from "./byte-stream.ts";
import { fdStream } from "./fd-stream.ts";
import { encodeMessage } from "./message.ts";
import { Mux } from "./mux.ts";
import type { MuxStream } from "./mux-stream.ts";
import {
  FLAG,
  FRAME,
  FRAME_HEADER_BYTES,
  FrameDecoder,
  type FrameHeader,
  readHeader,
  writeHeader,
} from "./yamux-frame.ts";

function muxPair(): { client: Mux; server: Mux } {
  const [a, b] = socketPair();
  return { client: new Mux(fdStream(a), "client"), server: new Mux(fdStream(b), "server") };
}

function nextStream(mux: Mux): Promise<{ stream: MuxStream; header: unknown }> {
  return new Promise((resolve) => mux.onStream((stream, header) => resolve({ stream, header })));
}

/** All that comes until the other side ends, as a digest. */
function drain(stream: ByteStream): Promise<string> {
  const hash = createHash("sha256");
  return new Promise((resolve, reject) => {
    stream.onData((chunk) => hash.update(chunk));
    stream.onEnd(() => resolve(hash.digest("hex")));
    stream.onClose((error) => error !== undefined && reject(error));
  });
}

/** Writes `bytes` in pieces of `size`, at the pace of the reader, and ends. */
function send(stream: ByteStream, bytes: Uint8Array, size: number): void {
  let at = 0;
  const pump = () => {
    while (at < bytes.length) {
      const piece = bytes.subarray(at, at + size);
      at += piece.length;
      if (!stream.write(piece)) return;
    }
    stream.end();
  };
  stream.onDrain(pump);
  pump();
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return new Uint8Array(length).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

describe("frames", () => {
  test("a header is the specification's bytes", () => {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES);
    writeHeader(bytes, 0, {
      type: FRAME.windowUpdate,
      flags: FLAG.syn | FLAG.rst,
      streamId: 0x01020304,
      length: 0xfffefdfc,
    });
    expect([...bytes]).toEqual([0, 1, 0, 9, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc]);
  });

  test("any frames come out of any chunks", () => {
    const frame = fc.record({
      streamId: fc.integer({ min: 1, max: 0xffffffff }),
      payload: fc.uint8Array({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), fc.array(fc.integer({ min: 1, max: 50 })), (frames, cuts) => {
        const parts = frames.flatMap(({ streamId, payload }) => {
          const header = new Uint8Array(FRAME_HEADER_BYTES);
          writeHeader(header, 0, { type: FRAME.data, flags: 0, streamId, length: payload.length });
          return [header, payload];
        });
        const bytes = Buffer.concat(parts);
        const got: { streamId: number; payload: number[] }[] = [];
        const decoder = new FrameDecoder();
        const on = {
          frame: (header: FrameHeader) => got.push({ streamId: header.streamId, payload: [] }),
          payload: (_id: number, piece: Uint8Array) => got.at(-1)?.payload.push(...piece),
        };
        let at = 0;
        for (let cut = 0; at < bytes.length; cut += 1) {
          const size = cuts[cut % Math.max(1, cuts.length)] ?? 7;
          decoder.push(bytes.subarray(at, at + size), on);
          at += size;
        }
        expect(got).toEqual(frames.map(({ streamId, payload }) => ({ streamId, payload: [...payload] })));
      }),
      { seed: 11, numRuns: 200 },
    );
  });

  test("what is no header is the one protocol error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 12 }), (bytes) => {
        try {
          readHeader(bytes);
        } catch (error) {
          expect((error as VitrineError).code).toBe("protocol");
        }
      }),
      { seed: 12, numRuns: 2000 },
    );
  });
});

describe("streams", () => {
  test.each([1, 1000, 65_536, 1 << 20])(
    "nothing is lost or reordered in pieces of %d bytes, both ways at once",
    async (size) => {
      const { client, server } = muxPair();
      const accepted = nextStream(server);
      const near = client.open({ kind: "test" });
      const { stream: far, header } = await accepted;
      expect(header).toEqual({ kind: "test" });
      const length = size === 1 ? 5000 : 6_000_000;
      const there = noise(length, 1);
      const back = noise(length, 2);
      const results = Promise.all([drain(near), drain(far)]);
      send(near, there, size);
      send(far, back, size);
      expect(await results).toEqual([digest(back), digest(there)]);
      client.close();
    },
  );

  test("a reader who stops blocks only his own stream", async () => {
    const { client, server } = muxPair();
    const streams: MuxStream[] = [];
    const both = new Promise<void>((resolve) =>
      server.onStream((stream) => {
        streams.push(stream);
        if (streams.length === 2) resolve();
      }),
    );
    const stuck = client.open({ name: "stuck" });
    const free = client.open({ name: "free" });
    await both;
    streams[0]?.pause();
    // More than the window: the rest waits on the sender's side.
    let refused = false;
    for (let count = 0; count < 64; count += 1) refused = !stuck.write(new Uint8Array(65_536)) || refused;
    expect(refused).toBe(true);
    const data = noise(3_000_000, 3);
    const received = drain(streams[1] as MuxStream);
    send(free, data, 10_000);
    expect(await received).toBe(digest(data));
    client.close();
  });

  test("half-close: one way ends, the other goes on", async () => {
    const { client, server } = muxPair();
    const accepted = nextStream(server);
    const near = client.open({});
    const { stream: far } = await accepted;
    const question = drain(far);
    send(near, noise(10, 4), 3);
    expect(await question).toBe(digest(noise(10, 4)));
    const answer = drain(near);
    send(far, noise(2_000_000, 5), 99_999);
    expect(await answer).toBe(digest(noise(2_000_000, 5)));
    client.close();
  });

  test("a destroyed stream is an error at the other end; the link lives", async () => {
    const { client, server } = muxPair();
    const accepted = nextStream(server);
    const near = client.open({});
    const { stream: far } = await accepted;
    const closed = new Promise<VitrineError | undefined>((resolve) => far.onClose(resolve));
    near.destroy();
    expect((await closed)?.code).toBe("io");
    expect(await client.ping()).toBeGreaterThan(0);
    client.close();
  });

  test("the end of the link is told to every stream", async () => {
    const { client, server } = muxPair();
    const accepted = nextStream(server);
    client.open({});
    const { stream: far } = await accepted;
    const closed = new Promise<VitrineError | undefined>((resolve) => far.onClose(resolve));
    client.close();
    expect((await closed)?.code).toBe("io");
  });
});

describe("a hostile peer", () => {
  const header = (type: number, flags: number, streamId: number, length: number, payload = 0) => {
    const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload);
    writeHeader(bytes, 0, { type, flags, streamId, length });
    return bytes;
  };
  const attacks: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ["noise", new Uint8Array(64).fill(0xee)],
    ["data for a stream that was never opened", header(FRAME.data, 0, 7, 4, 4)],
    ["a stream under our own numbers", header(FRAME.windowUpdate, FLAG.syn, 2, 0)],
    [
      "a stream opened twice",
      Buffer.concat([header(FRAME.windowUpdate, FLAG.syn, 1, 0), header(FRAME.windowUpdate, FLAG.syn, 1, 0)]),
    ],
    [
      "more data than the window",
      Buffer.concat([
        header(FRAME.windowUpdate, FLAG.syn, 1, 0),
        header(FRAME.data, 0, 1, 0x7fffffff),
        encodeMessage({}, 100),
        new Uint8Array(3_000_000),
      ]),
    ],
    [
      "a window beyond 32 bits",
      Buffer.concat([
        header(FRAME.windowUpdate, FLAG.syn, 1, 0),
        header(FRAME.windowUpdate, 0, 1, 0xffffffff),
        header(FRAME.windowUpdate, 0, 1, 0xffffffff),
      ]),
    ],
  ];

  test.each(attacks)("%s ends the link with the protocol error", async (_name, bytes) => {
    const [a, b] = socketPair();
    const server = new Mux(fdStream(a), "server");
    server.onStream((stream) => stream.pause());
    const ended = new Promise<VitrineError | undefined>((resolve) => server.onClose(resolve));
    const peer = fdStream(b);
    peer.onData(() => {});
    peer.write(bytes);
    expect((await ended)?.code).toBe("protocol");
    peer.destroy();
  });

  test("random bytes only ever end the link with the protocol error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 12, maxLength: 200 }), async (bytes) => {
        const [a, b] = socketPair();
        const server = new Mux(fdStream(a), "server");
        const ended = new Promise<VitrineError | undefined>((resolve) => server.onClose(resolve));
        writeSome(b, bytes);
        b.close();
        const error = await ended;
        expect(error === undefined || error.code === "protocol" || error.code === "io").toBe(true);
      }),
      { seed: 13, numRuns: 200 },
    );
  });

  test("a header that is no JSON, or too long, costs only its stream", async () => {
    const { client, server } = muxPair();
    server.onStream(() => {});
    expect(() => client.open({ text: "x".repeat(5000) })).toThrow("at most 4096");
    expect(await client.ping()).toBeGreaterThan(0);
    client.close();
  });

  test("a stream whose first frame finds the link lost is closed like the others", async () => {
    const [a, b] = socketPair();
    const client = new Mux(fdStream(a), "client");
    b.close();
    const stream = client.open({});
    const error = await new Promise<VitrineError | undefined>((resolve) => stream.onClose(resolve));
    expect(error?.code).toBe("io");
    expect(client.size).toBe(0);
  });
});
