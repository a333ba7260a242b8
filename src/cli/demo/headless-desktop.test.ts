import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { HeadlessDesktop } from "./headless-desktop.ts";

test("a window is seen, keys reach it, the picture tells, and nothing is left", async () => {
  const desktop = await HeadlessDesktop.start();
  const folder = dirname(desktop.socket);
  try {
    const environment = { ...process.env, WAYLAND_DISPLAY: desktop.socket, XDG_RUNTIME_DIR: folder, PS1: "$ " };
    const app = spawn("foot", ["--app-id=test.app", "sh"], { env: environment, stdio: "ignore" });
    const ended = once(app, "exit");
    await desktop.waitForWindow("test.app");
    await desktop.focus("test.app");
    const before = await desktop.settledPicture();
    expect(Buffer.from(before).subarray(1, 4).toString()).toBe("PNG");
    await desktop.type("echo hello", "Return");
    await desktop.settledPicture(before);
    await desktop.type("exit 7", "Return");
    expect(await ended).toEqual([7, null]);
  } finally {
    await desktop.stop();
  }
  expect(existsSync(folder)).toBe(false);
}, 60_000);
