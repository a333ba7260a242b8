import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import { parseAnswer } from "./dns.ts";
import { FrameSplitter, withLength } from "./frame-splitter.ts";
import { MAX_REFUSALS_PER_SECOND, NetworkGate } from "./gate.ts";
import { type Packet, PROTOCOL, parseFrame } from "./packet.ts";
import { parsePolicy } from "./policy.ts";
import { dataOf } from "./rules.ts";
import { dnsMessage, HOME_NETWORK, ipFrame } from "./test-support.ts";
import { GUEST_NETWORK } from "./topology.ts";

const { guest: GUEST, nameServer: DNS } = GUEST_NETWORK.ipv4;

/** One end of a stream of frames. */
class FrameEnd {
  readonly stream: ByteStream;
  readonly frames: Uint8Array[] = [];
  closed = false;
  #wake: () => void = () => {};

  constructor(stream: ByteStream) {
    this.stream = stream;
    const splitter = new FrameSplitter();
    const keep = (frame: Uint8Array) => {
      this.frames.push(frame.slice());
      return false;
    };
    stream.onData((chunk) => {
      splitter.push(chunk, keep, () => {});
      this.#wake();
    });
    stream.onEnd(() => stream.destroy());
    stream.onClose(() => {
      this.closed = true;
      this.#wake();
    });
  }

  send(...frames: Uint8Array[]): void {
    this.stream.write(Buffer.concat(frames.map(withLength)));
  }

  /** Waits until there are that many; the deadline is the test's. */
  async received(count: number): Promise<Uint8Array[]> {
    while (this.frames.length < count && !this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.frames;
  }

  async over(): Promise<void> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

let gate: NetworkGate;
let guest: FrameEnd;
let stack: FrameEnd;
let broken: VitrineError | undefined;

function start(policy: string): void {
  const [guestEnd, guestGate] = socketPair();
  broken = undefined;
  gate = new NetworkGate(fdStream(guestGate), {
    policy: parsePolicy(policy),
    local: HOME_NETWORK,
    onBroken: (error) => {
      broken = error;
    },
  });
  guest = new FrameEnd(fdStream(guestEnd));
  attach();
}

function attach(): void {
  const [stackEnd, stackGate] = socketPair();
  gate.attach(fdStream(stackGate));
  stack = new FrameEnd(fdStream(stackEnd));
}

beforeEach(() => start("internet"));
afterEach(() => {
  gate.close();
  for (const end of [guest, stack]) end.stream.destroy();
});

const out = (to: string, mark = 0) =>
  ipFrame({ from: GUEST, to, protocol: PROTOCOL.tcp, data: new Uint8Array([mark]) });
const back = (from: string, mark = 0) =>
  ipFrame({ from, to: GUEST, protocol: PROTOCOL.tcp, ports: [443, 40_000], data: new Uint8Array([mark]) });
const arp = new Uint8Array(42);
arp.set([8, 6, 0, 1, 8, 0, 6, 4, 0, 1], 12);
const marks = (frames: Uint8Array[]) => frames.map((frame) => frame.at(-1));

describe("the gate", () => {
  test("lets pass what is allowed, in both directions and in order", async () => {
    guest.send(arp, out("1.1.1.1", 1), out("192.168.1.1", 2), out("1.1.1.1", 3));
    expect(marks(await stack.received(3))).toEqual([0, 1, 3]);
    stack.send(back("192.168.1.1", 1), back("1.1.1.1", 2), arp);
    const [refused, ...frames] = await guest.received(3);
    expect(parseFrame(refused ?? arp)).toMatchObject({ protocol: PROTOCOL.icmp });
    expect(marks(frames)).toEqual([2, 0]);
  });

  test("tells the guest what is not allowed, so that it need not wait", async () => {
    guest.send(out("192.168.1.1"));
    const [reply] = await guest.received(1);
    expect([reply?.[34], reply?.[35]]).toEqual([3, 13]);
  });

  test("answers a question for a name that is not listed", async () => {
    gate.setPolicy(parsePolicy("example.org"));
    const data = dnsMessage({ id: 77, name: "example.com" });
    guest.send(ipFrame({ from: GUEST, to: DNS, ports: [5000, 53], data }));
    const [reply] = await guest.received(1);
    if (reply === undefined) throw new Error("no reply");
    const answer = parseAnswer(dataOf(parseFrame(reply) as Packet, reply));
    expect(answer).toEqual({ id: 77, name: "example.com", type: 1, addresses: [] });
    expect(stack.frames).toEqual([]);
  });

  test("changes while it runs: what was allowed is cut off", async () => {
    guest.send(out("1.1.1.1", 1));
    await stack.received(1);
    gate.setPolicy(parsePolicy("none"));
    guest.send(out("1.1.1.1", 2));
    await guest.received(1);
    stack.send(back("1.1.1.1", 3), arp);
    expect((await guest.received(2)).length).toBe(2);
    expect(parseFrame(guest.frames[1] ?? out("1.1.1.1"))).toEqual({ kind: "neighbour" });
    expect(stack.frames.length).toBe(1);
    gate.setPolicy(parsePolicy("internet"));
    guest.send(out("1.1.1.1", 4));
    expect(marks(await stack.received(2))).toEqual([1, 4]);
  });

  test("lives on without a stack, and with the next one", async () => {
    stack.stream.destroy();
    guest.send(out("1.1.1.1", 1));
    guest.send(out("192.168.1.1"));
    await guest.received(1);
    attach();
    guest.send(out("1.1.1.1", 2));
    expect(marks(await stack.received(1))).toEqual([2]);
  });

  test("refuses no more than so much in a second", async () => {
    const flood = Array.from({ length: 20 * MAX_REFUSALS_PER_SECOND }, () => out("192.168.1.1"));
    guest.send(...flood, arp);
    await stack.received(1);
    guest.send(out("1.1.1.1"));
    await stack.received(2);
    // Two seconds, if the flood began at the end of one.
    expect(guest.frames.length).toBeLessThanOrEqual(2 * MAX_REFUSALS_PER_SECOND);
    expect(guest.frames.length).toBeGreaterThan(0);
  });

  test("ends the network of a guest whose frames make no sense, and says so", async () => {
    guest.stream.write(new Uint8Array(64).fill(0xff));
    await guest.over();
    expect(broken?.code).toBe("protocol");
    await stack.over();
  });

  test("keeps no more than a queue for a side that does not read", async () => {
    guest.stream.pause();
    const frame = back("1.1.1.1");
    const bulk = Buffer.concat(Array.from({ length: 2000 }, () => withLength(frame)));
    let [sent, idle, ready] = [0, 0, true];
    stack.stream.onDrain(() => {
      ready = true;
    });
    // Until nothing was taken for many turns of the loop: the gate has stopped reading.
    for (; idle < 200; idle++) {
      while (ready) {
        ready = stack.stream.write(bulk);
        sent += bulk.length;
        idle = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(4 * 1024 * 1024);
    guest.stream.resume();
    expect((await guest.received(sent / (frame.length + 4))).length).toBe(sent / (frame.length + 4));
  });
});
