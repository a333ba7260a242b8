/** Running the command line in tests: as a process of its own, with an environment of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fdStream } from "../channel/fd-stream.ts";
import { ensureArenaTemplate } from "../host/image/arena-template.ts";
import { ensureKernel } from "../host/image/kernel.ts";
import { storeDirectory } from "../host/image/store.ts";
import { ensureToolsImage } from "../host/image/tools-image.ts";
import { openPty, setWindowSize, type WindowSize } from "../sys/pty.ts";

const MAIN = join(import.meta.dirname, "main.ts");

/** The command that a shell would need to start `vitrine`. */
export const VITRINE = [process.execPath, MAIN] as const;

export interface Outcome {
  readonly status: number | null;
  readonly out: Buffer;
  readonly errors: string;
}

export type Environment = Readonly<Record<string, string>>;

/** The environment of a command: folders of its own below `folder`, nothing of the caller's but the path. */
export function ownEnvironment(folder: string): Record<string, string> {
  const path = process.env.PATH ?? "/usr/bin:/bin";
  const slow = process.env.VITRINE_SLOW_HOST;
  return {
    ...{ XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, "state"), PATH: path, HOME: folder, TERM: "dumb" },
    ...(slow === undefined ? {} : { VITRINE_SLOW_HOST: slow }),
  };
}

export function startVitrine(words: readonly string[], environment: Environment): ChildProcess {
  const [command, ...args] = VITRINE;
  return spawn(command, [...args, ...words], { env: environment, stdio: ["pipe", "pipe", "pipe"] });
}

/** Runs a command to its end. */
export async function vitrine(
  words: readonly string[],
  environment: Environment,
  input: string | Uint8Array = "",
): Promise<Outcome> {
  const child = startVitrine(words, environment);
  const [out, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  child.stdin?.on("error", () => {}); // It need not read all of it.
  child.stdin?.end(input);
  const [status] = await once(child, "close");
  return { status, out: Buffer.concat(out), errors: Buffer.concat(errors).toString() };
}

/** A terminal with a command in it. */
export class Terminal implements Disposable {
  readonly #pty;
  readonly #resizer;
  readonly #screen;
  readonly #child: ChildProcess;
  /** The terminal's mode before the command began. */
  readonly initialMode: string;
  #shown = "";
  #wake: () => void = () => {};

  constructor(words: readonly string[], environment: Environment, size: WindowSize) {
    this.#pty = openPty(size);
    this.#resizer = this.#pty.controller.dup();
    this.#screen = fdStream(this.#pty.controller);
    this.#screen.onData((chunk) => {
      this.#shown += new TextDecoder().decode(chunk);
      this.#wake();
    });
    this.initialMode = this.mode();
    const { raw } = this.#pty.peer;
    const command = ["--ctty", "--wait", ...VITRINE, ...words];
    this.#child = spawn("setsid", command, { env: environment, stdio: [raw, raw, raw] });
  }

  /** Waits until `text` is shown, after what was waited for before. The deadline is the test's. */
  async see(text: string): Promise<void> {
    while (!this.#shown.includes(text)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#shown = this.#shown.slice(this.#shown.indexOf(text) + text.length);
  }

  type(text: string): void {
    this.#screen.write(new TextEncoder().encode(text));
  }

  resize(size: WindowSize): void {
    setWindowSize(this.#resizer, size);
  }

  /** The terminal's mode, as stty writes it down. */
  mode(): string {
    return Bun.spawnSync(["stty", "-g"], { stdin: this.#pty.peer.raw }).stdout.toString();
  }

  /** Exit status of the command. */
  async ended(): Promise<number | null> {
    const { exitCode } = this.#child;
    return exitCode ?? ((await once(this.#child, "exit"))[0] as number | null);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
    this.#resizer.close();
    this.#screen.destroy();
    this.#pty.peer.close();
  }
}

/**
 * A data home below `folder` for sandboxes and snapshots of a test's own, with all that is built linked from the real one:
 * call it when what the test needs has been built there.
 */
export async function ownDataHome(folder: string): Promise<string> {
  await ensureKernel();
  await ensureToolsImage();
  await ensureArenaTemplate();
  const real = storeDirectory();
  const own = join(folder, "data/vitrine");
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(real)) {
    if (!/^(sandboxes|snapshot-.*|.*\.(building|lock))$/.test(name)) symlinkSync(join(real, name), join(own, name));
  }
  return join(folder, "data");
}
