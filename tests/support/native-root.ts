/**
 * The programs of an image without a virtual machine: the same files, run on the host's kernel in a mount namespace of
 * their own. What the virtual machine shows can so be compared with what the very same program shows natively.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./processes.ts";

/** For an image of a gigabyte on a slow disk. */
const UNPACK_DEADLINE_MS = 300_000;

export class NativeRoot implements Disposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Unpacks the image of that name from the data folder; it was built by this machine, and is not written by guests. */
  static async unpack(dataHome: string, image: string): Promise<NativeRoot> {
    const { key } = JSON.parse(readFileSync(join(dataHome, "vitrine/images", `${image}.json`), "utf8"));
    const folder = mkdtempSync(join(tmpdir(), "vitrine-native-"));
    chmodSync(folder, 0o755);
    const file = join(dataHome, "vitrine", `image-${key}`, "image.erofs");
    const root = new NativeRoot(folder);
    try {
      await runTool("fsck.erofs", [`--extract=${join(folder, "root")}`, file], {}, UNPACK_DEADLINE_MS);
      return root;
    } catch (error) {
      root[Symbol.dispose]();
      throw error;
    }
  }

  /** A program and its arguments, as words for a child that shows its windows by the sockets in `runtimeDir`. */
  command(words: readonly string[], runtimeDir: string): [program: string, args: string[]] {
    const root = ["--ro-bind", join(this.#folder, "root"), "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"];
    return ["bwrap", [...root, "--bind", runtimeDir, runtimeDir, "--die-with-parent", ...words]];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
