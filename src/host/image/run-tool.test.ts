import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-tool-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asRoot = process.getuid?.() === 0;

test("a program that is not there is named, contained or not", async () => {
  for (const contained of [false, true]) {
    await expect(runTool("vitrine-no-such-program", [], { contained })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining('Cannot run "vitrine-no-such-program"'),
      fix: "./vitrine setup",
    });
  }
});

test("a contained program's output and status are its own", async () => {
  expect(await runTool("sh", ["-c", "echo done"], { contained: true })).toBe("done\n");
  await expect(runTool("sh", ["-c", "echo why; exit 3"], { contained: true })).rejects.toThrow("exit status 3\n  why");
});

test("is ended, with what it has started, when it is cancelled", async () => {
  const cancelled = new AbortController();
  const began = Promise.withResolvers<void>();
  const running = runTool("sh", ["-c", "trap 'exit 1' TERM; echo began; sleep 1000 & wait"], {
    contained: true,
    signal: cancelled.signal,
    onLine: () => began.resolve(),
  });
  await began.promise;
  cancelled.abort();
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
});

test.if(asRoot)("what a killed process has started in it, and mounted, is gone with it", async () => {
  const mark = join(folder, "mounted");
  const pipe = join(folder, "pipe");
  const script = join(folder, "builder.ts");
  // The pipe is held open by what is started, and by nothing else.
  const inner = `mkdir ${mark} && mount -t tmpfs none ${mark} && touch ${mark}/inside && echo began && exec sleep 1000`;
  writeFileSync(
    script,
    `import { runTool } from ${JSON.stringify(join(import.meta.dirname, "run-tool.ts"))};
     await runTool("sh", ["-c", ${JSON.stringify(`exec 7> ${pipe}; ${inner}`)}], { contained: true, onLine: console.log });`,
  );
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const builder = Bun.spawn([process.execPath, script], { stdout: "pipe" });
  const atEnd = Bun.spawn(["cat", pipe]).exited;
  await builder.stdout.getReader().read();
  expect(existsSync(mark)).toBe(true);
  builder.kill("SIGKILL");
  expect(await atEnd).toBe(0);
  expect(existsSync(join(mark, "inside"))).toBe(false);
  expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(mark);
});
