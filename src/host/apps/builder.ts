/**
 * The machine in which apps are installed: the base and an empty disk over it, and no network but the archives. Packages
 * and their scripts are run here and nowhere else, and all that is wanted of them is a file of bytes at the end.
 *
 * It belongs to the process that starts it and ends with that, whatever it dies of.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import type { ByteStream } from "../../channel/byte-stream.ts";
import { PLAIN_LOOKS } from "../../channel/contract/agent.ts";
import { ARENA_BYTES } from "../../channel/contract/display.ts";
import { fdStream } from "../../channel/fd-stream.ts";
import { socketPair } from "../../sys/socket.ts";
import type { Kernel } from "../image/kernel.ts";
import { GuestNetwork } from "../network/guest-network.ts";
import type { NetworkPolicy } from "../network/policy.ts";
import { GuestLink } from "../sandbox/guest/guest-link.ts";
import { awaitBoot } from "../vmm/boot-watchdog.ts";
import type { Driver, RunningVm } from "../vmm/driver.ts";

/** MiB of a builder's memory: apt and the packer of file systems, and files on their way to the disk. */
const MEMORY_MIB = 1536;
const SCRIPT = "/etc/build-layer";

export interface BuilderOptions {
  readonly driver: Driver;
  readonly confined: boolean;
  readonly kernel: Kernel;
  readonly toolsImage: string;
  /** File systems to install over, the lowest first. */
  readonly images: readonly [base: string, ...layers: string[]];
  /** An empty folder for the builder's own files; it is not cleaned here. */
  readonly folder: string;
  /** The disk to work on: an empty sparse file in that folder. */
  readonly disk: string;
  readonly network: NetworkPolicy;
  readonly onNotice: (message: string) => void;
  /** There is no room for what it writes: it will not go on. */
  readonly onDiskFull: () => void;
}

/** What goes to a step, and what comes from it: written by the guest, so to be checked. */
export interface StepStreams {
  readonly input?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** A chunk is valid only during the call. */
  readonly output?: (chunk: Uint8Array) => void;
  readonly errors?: (chunk: Uint8Array) => void;
}

export class Builder {
  readonly #vm: RunningVm;
  readonly #network: GuestNetwork;
  readonly #link: GuestLink;
  readonly #ends = new Map<number, (status: number) => void>();
  readonly #lost = Promise.withResolvers<never>();
  #next = 1;

  private constructor(vm: RunningVm, channel: ByteStream, network: GuestNetwork) {
    this.#vm = vm;
    this.#network = network;
    this.#lost.promise.catch(() => {});
    this.#link = new GuestLink(channel, {
      exited: (process, { code }) => this.#ends.get(process)?.(code ?? -1),
      lost: (error) => this.#lose(error?.message ?? "the link was closed"),
    });
    void vm.exited.then((exit) => this.#lose(exit.reason === "panic" ? exit.message : `it ended (${exit.reason})`));
  }

  /** Boots the machine. Rejects with "guest-failed", or "unavailable" when there can be none here. */
  static async start(options: BuilderOptions): Promise<Builder> {
    const { kernel, toolsImage, images, folder, disk, driver, confined } = options;
    const [base, ...layers] = images;
    const [frames, card] = socketPair();
    const network = new GuestNetwork(frames, {
      policy: options.network,
      // The archive of an office is often in its own network.
      trustNames: true,
      confined,
      onNotice: options.onNotice,
    });
    try {
      const vm = await driver.start({
        name: "builder",
        kernel,
        toolsImage,
        appImage: base,
        layerImages: layers,
        dataDisk: disk,
        network: card,
        workFolder: join(folder, "machine"),
        consoleLog: join(folder, "console.log"),
        // It would stand still until there is room, and nobody waits for that.
        onDiskFull: () => options.onDiskFull(),
        memoryMib: MEMORY_MIB,
        confined,
      });
      try {
        const builder = new Builder(vm, fdStream(await awaitBoot(vm, vm.channel)), network);
        await awaitBoot(vm, builder.#greet());
        return builder;
      } catch (error) {
        await vm.kill();
        throw error;
      }
    } catch (error) {
      network.close();
      throw error;
    } finally {
      card.close();
    }
  }

  /** Runs a step of guest/boot/build-layer; returns its exit status. Rejects when the machine ends before. */
  async run(words: readonly string[], streams: StepStreams = {}): Promise<number> {
    const process = this.#next++;
    const ended = new Promise<number>((resolve) => this.#ends.set(process, resolve));
    const names = [...(streams.input === undefined ? [] : (["stdin"] as const)), "stdout", "stderr"] as const;
    const opened = new Map(names.map((name) => [name, this.#link.openStdio(process, name)]));
    const complete = [
      read(opened.get("stdout"), streams.output),
      read(opened.get("stderr"), streams.errors),
      streams.input === undefined ? undefined : write(opened.get("stdin"), streams.input),
    ];
    const done = async () => {
      await this.#link.rpc.call("spawn", {
        process,
        argv: ["/bin/sh", SCRIPT, ...words],
        environment: {},
        user: "root",
        inTools: true,
        stdio: { kind: "streams" },
      });
      const status = await ended;
      await Promise.all(complete);
      return status;
    };
    try {
      return await Promise.race([done(), this.#lost.promise]);
    } finally {
      this.#ends.delete(process);
    }
  }

  /** Ends the machine. What it has not given out by now is lost. */
  async close(): Promise<void> {
    this.#link.close();
    await this.#vm.kill();
    this.#network.close();
  }

  async #greet(): Promise<void> {
    await this.#link.hello({
      hostname: "builder",
      machineId: randomBytes(16).toString("hex"),
      environment: {},
      looks: PLAIN_LOOKS,
      pixels: "stream",
      arenaBytes: ARENA_BYTES,
    });
    await this.#link.openNetwork();
  }

  #lose(why: string): void {
    this.#lost.reject(
      new VitrineError("guest-failed", `Cannot go on installing: the builder's machine is gone: ${why}`),
    );
  }
}

/** Resolves at the end of the stream, or its loss. */
function read(stream: ByteStream | undefined, take: StepStreams["output"]): Promise<void> {
  return new Promise((resolve) => {
    stream?.end();
    stream?.onData((chunk) => take?.(chunk));
    stream?.onEnd(() => resolve());
    stream?.onClose(() => resolve());
  });
}

/** Writes all of `input`, as fast as the guest reads it; what it does not want is dropped. */
async function write(stream: ByteStream | undefined, input: NonNullable<StepStreams["input"]>): Promise<void> {
  if (stream === undefined) return;
  let [open, resume] = [true, () => {}];
  stream.onDrain(() => resume());
  stream.onData(() => {});
  stream.onClose(() => {
    open = false;
    resume();
  });
  for await (const chunk of input) {
    if (!open) return;
    if (!stream.write(chunk)) {
      await new Promise<void>((resolve) => {
        resume = resolve;
      });
    }
  }
  stream.end();
}
