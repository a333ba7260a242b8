import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wl_output } from "../../src/wayland/generated/wayland.ts";
import { Compositor } from "./compositor.ts";
import { eventually } from "./deadline.ts";
import { processesByEnvironment } from "./processes.ts";
import { WaylandClient } from "./wayland-client.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
setDefaultTimeout(60_000);

/** Width and height from the head of a PNG file. */
function pngSize(path: string): { width: number; height: number } {
  const view = new DataView(readFileSync(path).buffer);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

for (const scale of [1, 2] as const) {
  test(`sway at scale ${scale}: screenshot of the size asked for`, async () => {
    await using compositor = await Compositor.start({ width: 800, height: 600, scale });
    using client = await WaylandClient.connect(compositor.socketPath);
    const output = client.bind(wl_output);
    expect((await client.next(output, "scale")).args).toEqual([scale]);
    const path = join(tmpdir(), `vitrine-test-${process.pid}-${scale}.png`);
    try {
      await compositor.screenshot(path);
      expect(pngSize(path)).toEqual({ width: 800, height: 600 });
    } finally {
      rmSync(path, { force: true });
    }
    const tree = await compositor.sway.tree();
    expect(tree.rect).toEqual({ x: 0, y: 0, width: 800 / scale, height: 600 / scale });
  });
}

for (const kind of ["mutter", "weston"] as const) {
  test(`${kind} takes clients and has an output of the size asked for`, async () => {
    await using compositor = await Compositor.start({ kind, width: 800, height: 600 });
    using client = await WaylandClient.connect(compositor.socketPath);
    expect(client.global("wl_compositor")).toBeDefined();
    const output = client.bind(wl_output);
    expect((await client.next(output, "mode")).args.slice(1, 3)).toEqual([800, 600]);
  });
}

describe("stopping", () => {
  test("ends what was started, what that has started, and removes the directory", async () => {
    const compositor = await Compositor.start();
    const { runtimeDir } = compositor;
    const mark = { VITRINE_TEST: runtimeDir };
    // Leaves its process group, as daemons do.
    const forking = compositor.spawn("setsid", ["--fork", "sleep", "1000"], mark);
    await new Promise((resolve) => forking.once("exit", resolve));
    compositor.spawn("sleep", ["1000"], mark);
    const sleeping = (): number => processesByEnvironment("VITRINE_TEST", runtimeDir).length;
    await eventually("waiting for two programs", 10_000, () => (sleeping() === 2 ? true : undefined));
    const running = (): number[] => processesByEnvironment("XDG_RUNTIME_DIR", runtimeDir);
    expect(running().length).toBeGreaterThanOrEqual(3);
    await compositor.stop();
    expect(running()).toEqual([]);
    expect(existsSync(runtimeDir)).toBe(false);
  });

  test("happens when the start fails, and the error says why", async () => {
    const started = Compositor.start({ kind: "mutter", width: 1.5 });
    await expect(started).rejects.toThrow(
      /starting the compositor "mutter" failed: .*\n.*virtual monitor spec '1.5x800'/,
    );
  });
});
