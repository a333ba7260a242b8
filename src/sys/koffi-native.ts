/**
 * Loads koffi's native part, which is all of koffi that is needed.
 *
 * Run from source, it comes from koffi's npm package. An executable made by `bun build --compile` cannot embed it: there
 * it is a file beside the executable, <folder of the executable>/koffi/linux_x64/koffi.node (linux_arm64 on aarch64).
 *
 * koffi's JavaScript front is not used: inside a compiled executable it looks for node_modules/@koromix first in the
 * current directory and those above, and would run the code that somebody has put there.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Modules of a compiled executable live in Bun's virtual file system. */
const compiled = import.meta.path.startsWith("/$bunfs/");
const require = createRequire(import.meta.url);
const file = join(`linux_${process.arch}`, "koffi.node");

function nativePath(): string {
  if (compiled) return join(dirname(process.execPath), "koffi", file);
  return createRequire(require.resolve("koffi")).resolve(`@koromix/koffi-linux-${process.arch}/${file}`);
}

export const koffi: typeof import("koffi") = require(nativePath());
