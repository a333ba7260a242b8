/** The product as its users run it: the `vitrine` command, with directories of its own for what runs and what it logs. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VITRINE = join(import.meta.dirname, "../../vitrine");

export interface Outcome {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export class Cli implements Disposable {
  readonly #directory = mkdtempSync(join(tmpdir(), "vitrine-cli-"));
  readonly environment: Readonly<Record<string, string>>;

  /** `waylandDisplay`: path of the compositor's socket, or undefined for none. Images come from the user's own store. */
  constructor(waylandDisplay: string | undefined) {
    chmodSync(this.#directory, 0o700);
    const { WAYLAND_DISPLAY: _, ...inherited } = process.env as Record<string, string>;
    this.environment = {
      ...inherited,
      XDG_RUNTIME_DIR: this.#directory,
      XDG_STATE_HOME: join(this.#directory, "state"),
      ...(waylandDisplay === undefined ? {} : { WAYLAND_DISPLAY: waylandDisplay }),
    };
  }

  /** Runs `vitrine ARGS` to its end. */
  run(args: readonly string[], options: { input?: Uint8Array | string } = {}): Promise<Outcome> {
    const child = spawn(VITRINE, args, { env: this.environment, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {}); // It may end without reading all.
    child.stdin.end(options.input ?? "");
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => {
        resolve({ status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
      });
    });
  }

  /** Runs a command that must succeed; returns its output as text. */
  async must(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(args);
    if (status !== 0) throw new Error(`vitrine ${args.join(" ")}: status ${status}\n${stderr}`);
    return stdout.toString();
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
