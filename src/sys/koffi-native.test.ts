import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FILE = `linux_${process.arch}/koffi.node`;
const PROGRAM = `
  import { readSome, socketPair, writeSome } from ${JSON.stringify(join(import.meta.dirname, "socket.ts"))};
  import { watch } from ${JSON.stringify(join(import.meta.dirname, "loop.ts"))};
  const [left, right] = socketPair();
  watch(right, { readable: true }, () => {
    console.log("read", readSome(right, new Uint8Array(8)));
    right.close();
  });
  writeSome(left, new Uint8Array(3));
`;

test("a compiled executable finds koffi beside itself and nowhere else", () => {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-sys-"));
  try {
    const source = join(folder, "program.ts");
    const program = join(folder, "program");
    writeFileSync(source, PROGRAM);
    const build = Bun.spawnSync([
      process.execPath,
      "build",
      "--compile",
      "--bytecode",
      "--format=esm",
      `--outfile=${program}`,
      source,
    ]);
    expect(build.exitCode).toBe(0);
    // Nothing of the machine that built it is in the executable.
    expect(readFileSync(program).includes(import.meta.dirname)).toBe(false);

    // This source tree, with its node_modules, is the current directory: it must not matter.
    const run = () => Bun.spawnSync([program], { cwd: import.meta.dirname, timeout: 10_000 });
    const without = run();
    expect(without.exitCode).toBe(1);
    expect(without.stderr.toString()).toContain(join(folder, "koffi", FILE));

    mkdirSync(join(folder, "koffi", `linux_${process.arch}`), { recursive: true });
    const koffi = createRequire(createRequire(import.meta.url).resolve("koffi"));
    copyFileSync(koffi.resolve(`@koromix/koffi-linux-${process.arch}/${FILE}`), join(folder, "koffi", FILE));
    const beside = run();
    expect([beside.stdout.toString(), beside.stderr.toString(), beside.exitCode]).toEqual(["read 3\n", "", 0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
