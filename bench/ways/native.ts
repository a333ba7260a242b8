/** Apps of the image, run by the host itself. */
import { join } from "node:path";
import type { Compositor } from "../../tests/support/compositor.ts";
import type { NativeRoot } from "../../tests/support/native-root.ts";
import { endProcess } from "../../tests/support/processes.ts";
import { Lines, type RunningApp, type Way } from "./way.ts";

export class NativeWay implements Way {
  readonly name = "native";
  readonly #compositor: Compositor;
  readonly #root: NativeRoot;
  readonly #client: string;

  /** `client`: folder of the compiled client. */
  constructor(compositor: Compositor, root: NativeRoot, client: string) {
    this.#compositor = compositor;
    this.#root = root;
    this.#client = client;
  }

  run(words: readonly string[]): Promise<RunningApp> {
    const [program, args] = this.#root.command(words, this.#compositor.runtimeDir);
    return this.#spawn(program, args);
  }

  runClient(words: readonly string[]): Promise<RunningApp> {
    return this.#spawn(join(this.#client, "client"), words);
  }

  async hostProcesses() {
    return { monitor: [], bridge: [] };
  }

  async channelBytes() {
    return undefined;
  }

  async guestMemory() {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #spawn(program: string, args: readonly string[]): Promise<RunningApp> {
    const child = this.#compositor.spawn(program, args, {}, "pipe");
    if (child.stdout === null) throw new Error("no output");
    return { lines: new Lines(child.stdout), close: () => endProcess(child) };
  }
}
