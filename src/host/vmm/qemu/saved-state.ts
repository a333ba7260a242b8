/**
 * A saved machine of QEMU. "memory" is the guest's memory as it was, with holes where it was zero; "state" is
 * QEMU's migration stream without the memory, which the capability x-ignore-shared leaves out when memory is a shared
 * file. A machine that is restored maps the first file privately and reads the second. "readonly" is there when this QEMU
 * can do so without being able to write it.
 */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { fileSize, preadInto } from "../../../sys/memory.ts";
import { socketPair } from "../../../sys/socket.ts";
import type { QmpClient } from "./qmp.ts";

const MEMORY_FILE = "memory";
const STATE_FILE = "state";
const READ_ONLY_MARK = "readonly";

/** Bytes of the state of a machine's devices; ours takes 450 KB. */
export const MAX_MACHINE_STATE_BYTES = 32 * 1024 * 1024;
/** How long QEMU may take to write or read that, in milliseconds: it takes 20 on an idle machine. */
export const MACHINE_STATE_DEADLINE_MS = 30_000;

const PAGE_BYTES = 4096;
const COPY_BYTES = 1024 * 1024;
/** Name of the state's descriptor in QEMU. */
const STATE_NAME = "state";
const CAPABILITY = "x-ignore-shared";
/** How often QEMU is asked whether it has written all, in milliseconds. */
const SAVE_POLL_MS = 5;

const propertiesSchema = z.array(z.object({ name: z.string() }));
const capabilitiesSchema = z.array(z.object({ capability: z.string() }));
const migrationSchema = z.object({ status: z.optional(z.string()), "error-desc": z.optional(z.string()) });

export function memoryFile(directory: string): string {
  return join(directory, MEMORY_FILE);
}

/** How a machine saved in `directory` is to be started. */
export function restoreMode(directory: string): "restore" | "restore-writable" {
  return existsSync(join(directory, READ_ONLY_MARK)) ? "restore" : "restore-writable";
}

/** Has QEMU stop the machine and tell the state of its devices. */
export async function saveState(qmp: QmpClient, directory: string): Promise<void> {
  await leaveMemoryOut(qmp);
  const [ours, theirs] = socketPair();
  const state = collect(ours);
  try {
    await qmp.passDescriptor(STATE_NAME, theirs);
  } finally {
    theirs.close();
  }
  await qmp.execute("migrate", { uri: `fd:${STATE_NAME}` });
  for (const end = performance.now() + MACHINE_STATE_DEADLINE_MS; ; await Bun.sleep(SAVE_POLL_MS)) {
    const { status, "error-desc": reason } = migrationSchema.parse(await qmp.execute("query-migrate"));
    if (status === "completed") break;
    if (status === "failed" || performance.now() > end)
      throw new VitrineError("guest-failed", `Cannot save the machine: QEMU's migration is "${reason ?? status}"`);
  }
  writeFileSync(join(directory, STATE_FILE), await state);
  const properties = await qmp.execute("qom-list-properties", { typename: "memory-backend-file" });
  if (propertiesSchema.parse(properties).some(({ name }) => name === "rom"))
    writeFileSync(join(directory, READ_ONLY_MARK), "");
}

/** Gives QEMU, which waits for it, the state of the machine's devices; resolves when the guest runs. */
export async function loadState(qmp: QmpClient, directory: string): Promise<void> {
  const state = readFileSync(join(directory, STATE_FILE));
  await leaveMemoryOut(qmp);
  const [ours, theirs] = socketPair();
  const stream = fdStream(ours);
  try {
    await qmp.passDescriptor(STATE_NAME, theirs);
    const running = qmp.event("RESUME");
    stream.write(state);
    stream.end();
    await qmp.execute("migrate-incoming", { uri: `fd:${STATE_NAME}` });
    await within(running);
  } finally {
    theirs.close();
    stream.destroy();
  }
}

/** Copies the memory file of a machine that has stopped; what is zero becomes a hole. */
export function copyMemory(memory: OwnedFd, directory: string): void {
  const target = openSync(memoryFile(directory), "wx", 0o600);
  try {
    const size = fileSize(memory);
    ftruncateSync(target, size);
    const chunk = Buffer.alloc(COPY_BYTES);
    const zero = Buffer.alloc(PAGE_BYTES);
    for (let at = 0; at < size; at += chunk.length) {
      const length = preadInto(memory, chunk, at);
      let run = 0;
      for (let page = 0; page <= length; page += PAGE_BYTES) {
        const isZero = page === length || chunk.compare(zero, 0, PAGE_BYTES, page, page + PAGE_BYTES) === 0;
        if (!isZero) continue;
        if (page > run) writeSync(target, chunk, run, page - run, at + run);
        run = page + PAGE_BYTES;
      }
    }
  } finally {
    closeSync(target);
  }
}

async function leaveMemoryOut(qmp: QmpClient): Promise<void> {
  const offered = capabilitiesSchema.parse(await qmp.execute("query-migrate-capabilities"));
  if (!offered.some(({ capability }) => capability === CAPABILITY))
    throw new VitrineError("unavailable", `Cannot save or restore a machine: this QEMU has no "${CAPABILITY}"`);
  await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: CAPABILITY, state: true }] });
}

/** All that comes out of a socket, which is taken over. */
function collect(socket: OwnedFd): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  promise.catch(() => {});
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const stream = fdStream(socket);
  stream.onData((chunk) => {
    bytes += chunk.length;
    if (bytes <= MAX_MACHINE_STATE_BYTES) return void chunks.push(chunk.slice());
    stream.destroy(
      new VitrineError("limit", `Cannot save the machine: its state exceeds ${MAX_MACHINE_STATE_BYTES} bytes`),
    );
  });
  stream.onEnd(() => stream.destroy());
  stream.onClose((error) => (error === undefined ? resolve(Buffer.concat(chunks)) : reject(error)));
  return promise;
}

function within(running: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new VitrineError("timeout", "Cannot restore the machine: QEMU does not begin to run it")),
      MACHINE_STATE_DEADLINE_MS,
    );
  });
  return Promise.race([running, late]).finally(() => clearTimeout(timer));
}
