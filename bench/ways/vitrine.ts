/** Apps in a sandbox of this product, started by its own command. */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { startVitrine, vitrine } from "../../src/cli/test-support.ts";
import type { Compositor } from "../../tests/support/compositor.ts";
import { Lines, type RunningApp, type Way } from "./way.ts";

const SANDBOX = "bench";
/** Bytes that the agent has written: the channel, as it writes to nothing else with write(2). */
const AGENT_IO = `for p in /proc/[0-9]*; do read -r name < $p/comm; [ "$name" = agent ] && cat $p/io; done`;

export interface VitrineOptions {
  readonly name: string;
  readonly image: string;
  /** Options of `run`. */
  readonly flags: readonly string[];
  /** Archive of the compiled client. */
  readonly clientArchive: string;
  readonly environment: Readonly<Record<string, string>>;
}

export class VitrineWay implements Way {
  readonly name: string;
  readonly #options: VitrineOptions;
  readonly #environment: Readonly<Record<string, string>>;
  #hasClient = false;
  #sentBefore = 0;

  constructor(compositor: Compositor, options: VitrineOptions) {
    this.name = options.name;
    this.#options = options;
    this.#environment = { ...options.environment, WAYLAND_DISPLAY: compositor.socketPath };
  }

  async run(words: readonly string[]): Promise<RunningApp> {
    const child = startVitrine(this.#runCommand(words), this.#environment);
    child.stderr?.resume();
    if (child.stdout === null) throw new Error("no output");
    const close = async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    };
    return { lines: new Lines(child.stdout), close };
  }

  async runClient(words: readonly string[]): Promise<RunningApp> {
    if (!this.#hasClient) {
      await this.#vitrine(...this.#runCommand(["true"]));
      const child = startVitrine(["exec", SANDBOX, "--", "tar", "x", "-C", "/tmp"], this.#environment);
      const ended = once(child, "close");
      createReadStream(this.#options.clientArchive).pipe(child.stdin as NodeJS.WritableStream);
      const [status] = await ended;
      if (status !== 0) throw new Error("the client could not be sent into the sandbox");
      this.#hasClient = true;
    }
    this.#sentBefore = await this.#agentSent();
    return await this.run(["/tmp/client", ...words]);
  }

  async hostProcesses() {
    const { supervisorPid, monitorPid, displayPid } = await this.#listed();
    return { monitor: [monitorPid], bridge: [supervisorPid, displayPid] };
  }

  async channelBytes() {
    return (await this.#agentSent()) - this.#sentBefore;
  }

  async guestMemory() {
    return (await this.#listed()).guestMemory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#vitrine("stop", SANDBOX, "--force");
  }

  #runCommand(words: readonly string[]): string[] {
    const { image, flags } = this.#options;
    return ["run", "--image", image, "--name", SANDBOX, "--wait", ...flags, "--", ...words];
  }

  async #agentSent(): Promise<number> {
    const { out } = await this.#vitrine("exec", "--user", "root", SANDBOX, "--", "sh", "-c", AGENT_IO);
    return Number(/^wchar: (\d+)$/m.exec(out.toString())?.[1]);
  }

  async #listed(): Promise<{ supervisorPid: number; monitorPid: number; displayPid: number; guestMemory: number }> {
    return JSON.parse((await this.#vitrine("list", "--json")).out.toString())[0];
  }

  #vitrine(...words: string[]) {
    return vitrine(words, this.#environment);
  }
}
