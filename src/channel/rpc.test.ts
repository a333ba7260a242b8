import { expect, test } from "bun:test";
import * as z from "zod/mini";
import { VitrineError } from "../base/error.ts";
import { socketPair } from "../sys/socket.ts";
import { fdStream } from "./fd-stream.ts";
import { encodeMessage, MessageAssembler } from "./message.ts";
import { type Contract, RpcPeer } from "./rpc.ts";

const contract = {
  methods: {
    add: { params: z.object({ a: z.number(), b: z.number() }), result: z.object({ sum: z.number() }) },
    fail: { params: z.object({}), result: z.object({}) },
    hang: { params: z.object({}), result: z.object({}) },
  },
  events: { ticked: z.object({ count: z.int() }) },
} as const satisfies Contract;

function pair() {
  const [a, b] = socketPair();
  const server = new RpcPeer(fdStream(a), {
    serves: contract,
    handlers: {
      add: ({ a, b }) => ({ sum: a + b }),
      fail: () => {
        throw new VitrineError("no-space", "Cannot do it: full", { fix: "make room" });
      },
      hang: () => new Promise<never>(() => {}),
    },
  });
  return { server, client: new RpcPeer(fdStream(b), { calls: contract }) };
}

test("calls are answered, many at once", async () => {
  const { client } = pair();
  const sums = await Promise.all([...Array(100).keys()].map((a) => client.call("add", { a, b: 1 })));
  expect(sums.map(({ sum }) => sum)).toEqual([...Array(100).keys()].map((a) => a + 1));
  client.close();
});

test("an error arrives as what it was", async () => {
  const { client } = pair();
  const error = (await client.call("fail", {}).catch((reason) => reason)) as VitrineError;
  expect([error.code, error.message, error.fix]).toEqual(["no-space", "Cannot do it: full", "make room"]);
  client.close();
});

test("parameters that break the contract are never handed on", async () => {
  const { client } = pair();
  const error = (await client.call("add", { a: "1" } as never).catch((reason) => reason)) as VitrineError;
  expect(error.code).toBe("protocol");
  client.close();
});

test("a deadline, and the loss of the link", async () => {
  const { client, server } = pair();
  const late = (await client.call("hang", {}, { deadlineMs: 20 }).catch((reason) => reason)) as VitrineError;
  expect(late.code).toBe("timeout");
  const lost = client.call("hang", {}).catch((reason) => reason) as Promise<VitrineError>;
  server.close();
  expect((await lost).code).toBe("io");
});

test("events arrive, checked", async () => {
  const { client, server } = pair();
  const count = new Promise((resolve) => client.on("ticked", (data) => resolve(data.count)));
  server.emit("ticked", { count: 3 });
  expect(await count).toBe(3);
  client.close();
});

test("a message that is none ends the link", async () => {
  const [a, b] = socketPair();
  const peer = new RpcPeer(fdStream(a), { calls: contract });
  const closed = new Promise<VitrineError | undefined>((resolve) => peer.onClose(resolve));
  const raw = fdStream(b);
  raw.write(encodeMessage({ nonsense: true }, 1000));
  expect((await closed)?.code).toBe("protocol");
  raw.destroy();
});

test("messages come out whole whatever the chunks, and no longer than allowed", () => {
  const bytes = Buffer.concat([encodeMessage({ a: 1 }, 100), encodeMessage(["ü"], 100)]);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const assembler = new MessageAssembler(100);
    const got: unknown[] = [];
    for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
      assembler.push(chunk);
      for (let next = assembler.next(); next !== undefined; next = assembler.next()) got.push(next.value);
    }
    expect(got).toEqual([{ a: 1 }, ["ü"]]);
  }
  const assembler = new MessageAssembler(5);
  assembler.push(encodeMessage({ long: "enough" }, 100));
  expect(() => assembler.next()).toThrow("at most 5");
});
