import { expect, test } from "bun:test";
import type { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { type OwnedFd, setNonBlocking } from "../../sys/fd.ts";
import { pipe } from "../../sys/process.ts";
import { socketPair } from "../../sys/socket.ts";
import { MAX_TRANSFERS } from "./limits.ts";
import { type Announcer, Transfers } from "./transfers.ts";

const LIMITS = { maxBytes: 1000, stallMs: 10_000, maxMs: 10_000 };

/** A transfer under way: the program of the host at its pipe, the guest at its stream. */
function begin(
  transfers: Transfers,
  token: number,
  announcedBy: Announcer,
): { program: ByteStream; guest: ByteStream } {
  const [readEnd, writeEnd] = pipe();
  const [ours, programs]: [OwnedFd, OwnedFd] = announcedBy === "guest" ? [readEnd, writeEnd] : [writeEnd, readEnd];
  const [near, far] = socketPair();
  setNonBlocking(ours, true);
  setNonBlocking(programs, true);
  transfers.expect(1, announcedBy, token, ours);
  transfers.accept(1, announcedBy, token, fdStream(near));
  return { program: fdStream(programs), guest: fdStream(far) };
}

/** All that a stream gives; rejects when it is lost. */
function all(stream: ByteStream): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  stream.onData((chunk) => {
    text += new TextDecoder().decode(chunk);
  });
  stream.onEnd(() => {
    stream.end();
    resolve(text);
  });
  return promise;
}

function closed(stream: ByteStream): Promise<VitrineError | undefined> {
  const { promise, resolve } = Promise.withResolvers<VitrineError | undefined>();
  stream.onClose(resolve);
  return promise;
}

const text = new TextEncoder().encode("data");

test("data reach the guest, and the host; as often as there is something to paste", async () => {
  const transfers = new Transfers(LIMITS);
  for (let token = 1; token <= MAX_TRANSFERS + 2; token += 1) {
    const paste = begin(transfers, token, "guest");
    paste.program.write(text);
    paste.program.end();
    expect(await all(paste.guest)).toBe("data");
    const copy = begin(transfers, token, "host");
    copy.guest.write(text);
    copy.guest.end();
    expect(await all(copy.program)).toBe("data");
  }
  transfers.close();
});

test("more bytes than a transfer may have are cut off", async () => {
  const transfers = new Transfers(LIMITS);
  const paste = begin(transfers, 1, "guest");
  const over = closed(paste.program);
  paste.guest.onData(() => {});
  const write = () => {
    while (paste.program.write(new Uint8Array(100)));
  };
  paste.program.onDrain(write);
  write();
  // Its pipe is broken.
  expect((await over)?.message).toContain("EPIPE");
  transfers.close();
});

test("one that stands still is ended, whichever side has forgotten it", async () => {
  const transfers = new Transfers({ ...LIMITS, stallMs: 10 });
  const paste = begin(transfers, 1, "guest");
  expect(await all(paste.guest)).toBe("");
  const copy = begin(transfers, 1, "host");
  expect(await all(copy.program)).toBe("");
  transfers.close();
});

test("one that never ends is ended", async () => {
  const transfers = new Transfers({ ...LIMITS, maxBytes: Number.POSITIVE_INFINITY, maxMs: 20 });
  const copy = begin(transfers, 1, "host");
  const program = all(copy.program);
  copy.guest.onClose(() => clearInterval(drip));
  const drip = setInterval(() => copy.guest.write(text), 1);
  expect(await program).toStartWith("data");
  transfers.close();
});
