/**
 * Micro-benchmarks of src/sys: `bun bench/sys.ts [--json]`. Prints nanoseconds per operation (median and 99th percentile
 * where single operations are timed) and GB/s.
 */

import { watch } from "../src/sys/loop.ts";
import { Mapping, memfdCreate, preadInto } from "../src/sys/memory.ts";
import { pipe } from "../src/sys/process.ts";
import { readSome, receiveMessage, sendMessage, socketPair, writeSome } from "../src/sys/socket.ts";

const MiB = 1024 * 1024;
const results: Record<string, number> = {};

function record(name: string, value: number): void {
  results[name] = Math.round(value * 100) / 100;
}

function nsPerCall(rounds: number, call: () => void): number {
  for (let round = 0; round < Math.min(rounds, 2000); round++) call();
  const start = Bun.nanoseconds();
  for (let round = 0; round < rounds; round++) call();
  return (Bun.nanoseconds() - start) / rounds;
}

function benchPread(): void {
  using source = memfdCreate("bench-source", 64 * MiB);
  using destination = memfdCreate("bench-destination", 128 * MiB);
  using fill = Mapping.map(source, { length: 64 * MiB, writable: true });
  fill.bytes.fill(7);
  using mapping = Mapping.map(destination, { length: 128 * MiB, writable: true });
  mapping.bytes.fill(1);
  for (const [name, length, rounds] of [
    ["4 B", 4, 200_000],
    ["15 KB", 15_360, 100_000],
    ["8 MB", 8 * MiB, 100],
  ] as const) {
    const ns = nsPerCall(rounds, () => {
      preadInto(source, mapping.bytes.subarray(100 * MiB, 100 * MiB + length), 1024);
    });
    record(`pread ${name} into mapping at 100 MiB, ns`, ns);
    record(`pread ${name} into mapping at 100 MiB, GB/s`, length / ns);
  }
}

function benchMessages(): void {
  const [left, right] = socketPair();
  using memory = memfdCreate("bench", 4096);
  const bytes = new Uint8Array(64);
  const into = new Uint8Array(4096);
  const fds = [memory];
  record(
    "sendMessage+receiveMessage 64 B, ns",
    nsPerCall(100_000, () => {
      sendMessage(left, bytes);
      receiveMessage(right, into);
    }),
  );
  record(
    "sendMessage+receiveMessage 64 B with fd, and close, ns",
    nsPerCall(100_000, () => {
      sendMessage(left, bytes, fds);
      const message = receiveMessage(right, into);
      if (message !== "again") for (const fd of message.fds) fd.close();
    }),
  );
  left.close();
  right.close();
}

/** One byte through a pipe to a watch; `later` decides when the next one goes. */
async function benchWake(name: string, rounds: number, later: (fire: () => void) => void): Promise<void> {
  const [readEnd, writeEnd] = pipe();
  const into = new Uint8Array(8);
  const byte = new Uint8Array(1);
  const times: number[] = [];
  let sent = 0;
  await new Promise<void>((resolve) => {
    const fire = (): void => {
      sent = Bun.nanoseconds();
      writeSome(writeEnd, byte);
    };
    const watching = watch(readEnd, { readable: true }, () => {
      times.push(Bun.nanoseconds() - sent);
      readSome(readEnd, into);
      if (times.length < rounds) return later(fire);
      watching.close();
      resolve();
    });
    fire();
  });
  readEnd.close();
  writeEnd.close();
  times.sort((a, b) => a - b);
  record(`wake latency, ${name}, median, ns`, times[rounds >> 1] ?? 0);
  record(`wake latency, ${name}, 99th percentile, ns`, times[Math.floor(rounds * 0.99)] ?? 0);
}

async function benchStream(): Promise<void> {
  const [left, right] = socketPair();
  const chunk = new Uint8Array(256 * 1024);
  const into = new Uint8Array(256 * 1024);
  const total = 512 * MiB;
  let received = 0;
  let sent = 0;
  let wakes = 0;
  const start = Bun.nanoseconds();
  await new Promise<void>((resolve) => {
    const writer = watch(left, { writable: true }, () => {
      wakes++;
      const count = sendMessage(left, chunk);
      if (count !== "again") sent += count;
      if (sent >= total) writer.close();
    });
    const reader = watch(right, { readable: true }, () => {
      wakes++;
      const count = readSome(right, into);
      if (count !== "again") received += count;
      if (received >= sent && sent >= total) {
        reader.close();
        resolve();
      }
    });
  });
  const ns = Bun.nanoseconds() - start;
  record("stream through a socket pair in one process, GB/s", received / ns);
  record("stream: ns per handler call", ns / wakes);
  left.close();
  right.close();
}

benchPread();
benchMessages();
await benchWake("busy loop", 5000, setImmediate);
await benchWake("idle loop", 1000, (fire) => setTimeout(fire, 2));
await benchStream();
if (process.argv.includes("--json")) console.log(JSON.stringify(results));
else for (const [name, value] of Object.entries(results)) console.log(`${name.padEnd(60)} ${value}`);
