/** Takes the snapshot of an image: boots a machine of it that belongs to no sandbox, and saves it as soon as its agent is ready. */
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { VitrineError } from "../../base/error.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { Mux } from "../../channel/mux.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { socketPair } from "../../sys/socket.ts";
import { createArena } from "../image/arena-template.ts";
import type { BuildOptions } from "../image/build-options.ts";
import { ensureStored } from "../image/store.ts";
import { awaitBoot } from "../vmm/boot-watchdog.ts";
import { type Driver, isNoFaultOfMachine, type RunningVm, type VmSpec } from "../vmm/driver.ts";
import { snapshotKey } from "./snapshot-key.ts";
import {
  describeSnapshot,
  isRefused,
  openSnapshot,
  pruneSnapshots,
  refuseSnapshot,
  SNAPSHOT_KIND,
} from "./snapshot-store.ts";

/** MiB of free disk without which none is taken. */
const SPACE_MIB = 600;
/** What the guest still has to do when its agent is ready, in milliseconds: after that it is at rest. */
const SETTLE_MS = 300;

/** In the folder of a snapshot that is being taken: the disk of its machine. */
const DISK_FILE = "disk";

/** What a machine is made of, as far as its snapshot depends on it. */
export const snapshotSpecSchema = z.object({
  kernel: z.object({ version: z.string(), image: z.string(), initramfs: z.string(), digest: z.string() }),
  toolsImage: z.string(),
  appImage: z.string(),
  layerImages: z.array(z.string()),
  memoryMib: z.optional(z.int().check(z.minimum(128), z.maximum(1024 * 1024))),
  arena: z.nullable(z.object({ path: z.string(), size: z.int(), dataOffset: z.int(), dataLength: z.int() })),
  /** Bytes of the disk that each sandbox has of its own; absent: none. */
  dataDiskBytes: z.optional(z.int().check(z.minimum(1))),
  /** Each sandbox has a network card. */
  network: z.boolean(),
  confined: z.boolean(),
});
export type SnapshotSpec = z.infer<typeof snapshotSpecSchema>;

/** "taken", or why none was: there is one ("present"), it is too early to try again ("refused"), the driver takes none. */
export type SnapshotOutcome = "taken" | "present" | "refused" | "unsupported";

/**
 * Makes sure that there is a snapshot for machines of this spec. Throws what the boot or the disk threw; nothing is left
 * then, and no attempt is made again for a while.
 */
export async function ensureSnapshot(
  driver: Driver,
  { arena: template, memoryMib, dataDiskBytes, network, ...files }: SnapshotSpec,
  options: BuildOptions = {},
): Promise<SnapshotOutcome> {
  using arena = template === null ? undefined : createArena(template);
  using card = network ? emptyNetwork() : undefined;
  const spec = {
    ...files,
    name: "snapshot",
    ...(arena === undefined ? {} : { arena }),
    ...(memoryMib === undefined ? {} : { memoryMib }),
    ...(dataDiskBytes === undefined ? {} : { dataDisk: DISK_FILE }),
    ...(card === undefined ? {} : { network: card.network }),
  };
  const key = await snapshotKey(driver, { ...spec, consoleLog: "", workFolder: "" }, dataDiskBytes);
  if (key === undefined) return "unsupported";
  if (openSnapshot(key) !== undefined) return "present";
  if (isRefused(key)) return "refused";
  const save = (directory: string) => {
    options.onProgress?.({ stage: "taking a snapshot" });
    return bootAndSave(driver, spec, dataDiskBytes, directory, options.signal);
  };
  try {
    const { built } = await ensureStored(SNAPSHOT_KIND, key, save, { ...options, spaceMib: SPACE_MIB });
    pruneSnapshots();
    return built ? "taken" : "present";
  } catch (error) {
    const { code } = VitrineError.from(error);
    if (code !== "no-space" && code !== "cancelled" && !isNoFaultOfMachine(error)) refuseSnapshot(key);
    throw error;
  }
}

/** Stands for the disk of a sandbox, which no machine has touched when it is saved. Takes no room. */
function makeEmptyDisk(path: string, bytes: number): void {
  writeFileSync(path, "");
  truncateSync(path, bytes);
}

/** Stands for the network of a sandbox: nobody is at the other end. */
function emptyNetwork(): { readonly network: OwnedFd } & Disposable {
  const [nobody, network] = socketPair();
  return {
    network,
    [Symbol.dispose]: () => {
      network.close();
      nobody.close();
    },
  };
}

async function bootAndSave(
  driver: Driver,
  { dataDisk, ...spec }: Omit<VmSpec, "consoleLog" | "workFolder">,
  dataDiskBytes: number | undefined,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { snapshots } = driver;
  if (snapshots === undefined) throw new VitrineError("internal", `Driver "${driver.name}" takes no snapshots`);
  const consoleLog = join(directory, "console");
  const disk = dataDisk === undefined ? undefined : join(directory, dataDisk);
  if (disk !== undefined) makeEmptyDisk(disk, dataDiskBytes ?? 0);
  const vm = await snapshots.startSaveable({
    ...spec,
    ...(disk === undefined ? {} : { dataDisk: disk }),
    consoleLog,
    workFolder: join(directory, "m"),
  });
  const cancel = () => void vm.kill();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await agentReady(vm);
    // So that what its kernel writes down about that memory is in the snapshot, for all to share.
    await vm.elasticMemory?.request(vm.elasticMemory.bytes);
    await Bun.sleep(SETTLE_MS);
    await vm.save(directory);
  } catch (error) {
    if (signal?.aborted) throw new VitrineError("cancelled", "Cannot take a snapshot: cancelled", { cause: error });
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    await vm.kill();
  }
  for (const path of [consoleLog, disk]) if (path !== undefined) rmSync(path);
  describeSnapshot(directory, [spec.appImage ?? [], spec.layerImages ?? []].flat());
}

/** The agent answers, and has answered all that it was asked: it is as it will be for each sandbox before its hello. */
async function agentReady(vm: RunningVm): Promise<void> {
  const mux = new Mux(fdStream(await awaitBoot(vm, vm.channel)), "client");
  const lost = new Promise<never>((_, reject) => {
    mux.onClose((error) =>
      reject(error ?? new VitrineError("guest-failed", "Cannot take a snapshot: the agent is gone")),
    );
  });
  lost.catch(() => {});
  await awaitBoot(vm, Promise.race([answered(mux), lost]));
}

/** A ping is given up long before a guest has booted. */
async function answered(mux: Mux): Promise<void> {
  for (;;) {
    try {
      await mux.ping();
      return;
    } catch (error) {
      if (VitrineError.from(error).code !== "timeout") throw error;
    }
  }
}
