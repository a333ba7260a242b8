import { expect, test } from "bun:test";
import { constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OwnedFd } from "./fd.ts";
import { watch } from "./loop.ts";
import { getSeals, Mapping, memfdCreate, openFile, preadInto, punchHole } from "./memory.ts";
import { peerCredentials, pipe, tryLock } from "./process.ts";
import { openPty } from "./pty.ts";
import { acceptConnection, connectUnix, listenUnix, receiveMessage, sendMessage, socketPair } from "./socket.ts";
import { countDescriptors, failure } from "./test-support.ts";

const ROUNDS = 1000;

/** One of everything that opens a descriptor or a mapping, and of the failures that must not leave one open. */
async function everything(folder: string): Promise<void> {
  const path = join(folder, "socket");
  const open: OwnedFd[] = [...socketPair(), ...pipe()];
  const [left, right] = open;
  if (left === undefined || right === undefined) throw new Error("a pair has two ends");

  const memory = memfdCreate("leak", 8192, ["shrink", "grow", "seal"]);
  open.push(memory, memory.dup());
  getSeals(memory);
  const mapping = Mapping.map(memory, { length: 8192, writable: true });
  preadInto(memory, mapping.bytes.subarray(100, 200), 0);
  punchHole(memory, 0, 4096);
  mapping.close();

  sendMessage(left, new Uint8Array(1), [memory, left]);
  const message = receiveMessage(right, new Uint8Array(8));
  if (message !== "again") open.push(...message.fds);
  sendMessage(left, new Uint8Array(1), [memory, left, right]);
  failure(() => receiveMessage(right, new Uint8Array(8), 1));

  const listener = listenUnix(path);
  open.push(listener, connectUnix(path));
  const accepted = acceptConnection(listener);
  if (accepted !== undefined) {
    peerCredentials(accepted);
    open.push(accepted);
  }
  failure(() => listenUnix(path));
  rmSync(path);
  failure(() => connectUnix(path));
  const lock = openFile(join(folder, "lock"), constants.O_RDWR | constants.O_CREAT);
  tryLock(lock);
  open.push(lock);
  failure(() => openFile(join(folder, "missing"), constants.O_RDONLY));
  failure(() => memfdCreate("x".repeat(1000), 1));
  failure(() => memfdCreate("negative", -1));
  watch(memory, { readable: true }, () => {});
  failure(() => watch(memory, { readable: true }, () => {}));

  sendMessage(left, new Uint8Array(1));
  await new Promise<void>((resolve) => {
    open.push(left.dup());
    watch(left, { readable: true }, () => {});
    watch(right, { readable: true }, () => {
      receiveMessage(right, new Uint8Array(8));
      resolve();
    });
  });
  const { controller, peer } = openPty({ rows: 24, columns: 80 });
  open.push(controller, peer);
  for (const fd of open) fd.close();
}

test(`${ROUNDS} rounds of everything leave no descriptor and no mapping`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-sys-"));
  const mappings = (): number => readFileSync("/proc/self/maps", "utf8").split("memfd:leak").length - 1;
  await everything(folder);
  const before = countDescriptors();
  for (let round = 0; round < ROUNDS; round++) await everything(folder);
  expect(countDescriptors()).toBe(before);
  expect(mappings()).toBe(0);
  rmSync(folder, { recursive: true });
}, 30_000);
