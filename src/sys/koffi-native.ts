/**
 * Loads koffi's native part, which is all of koffi that is needed.
 *
 * Run from source, it comes from koffi's npm package. An executable made by `bun build --compile` cannot embed it: there
 * it is a file beside the executable, <folder of the executable>/koffi/linux_x64/koffi.node (linux_arm64 on aarch64).
 *
 * koffi's JavaScript front is not used: inside a compiled executable it looks for node_modules/@koromix first in the
 * current directory and those above, and would run the code that somebody has put there.
 */
import { dirname } from "node:path";

/** Modules of a compiled executable live in Bun's virtual file system. */
const compiled = import.meta.path.startsWith("/$bunfs/");
const file = `linux_${process.arch}/koffi.node`;

function nativePath(): string {
  if (compiled) return `${dirname(process.execPath)}/koffi/${file}`;
  return Bun.resolveSync(
    `@koromix/koffi-linux-${process.arch}/${file}`,
    dirname(Bun.resolveSync("koffi", import.meta.dir)),
  );
}

// Not by require(): what that brings with it takes a machine that was just booted longer to load than koffi itself.
const module = { exports: {} };
process.dlopen(module, nativePath());
export const koffi = module.exports as typeof import("koffi");
