/** One sandbox, used as people use it: an app's window, commands, a shell. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { fdStream } from "../../src/channel/fd-stream.ts";
import { openPty, setWindowSize } from "../../src/sys/pty.ts";
import { Cli } from "../support/cli.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { VirtualInput } from "../support/input.ts";
import { stillPicture } from "../support/still-picture.ts";

const IMAGE = "demo";
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const BOOT_MS = 240_000;
const FOOT = ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 9; exec sleep 600"];

let compositor: Compositor;
let input: VirtualInput;
let cli: Cli;

beforeAll(async () => {
  compositor = await Compositor.start({ swayConfig: "default_border none\nseat seat0 hide_cursor 1\n" });
  input = await VirtualInput.create(compositor.socketPath);
  cli = new Cli(compositor.socketPath);
  await cli.must("image", "build", IMAGE, "--packages", PACKAGES);
}, 900_000);

afterAll(async () => {
  await cli.run(["stop", "one", "--force"]);
  input.close();
  await compositor.stop();
  cli[Symbol.dispose]();
}, 60_000);

test(
  "a start reports its phases in order, and the window is there",
  async () => {
    const phases = JSON.parse(
      await cli.must("run", "--image", IMAGE, "--name", "one", "--timings", "--json", "--", ...FOOT),
    ) as Record<string, number>;
    const order = ["vmm", "kernel", "agent", "spawn", "firstFrame"].map((phase) => phases[phase] ?? Number.NaN);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    await compositor.sway.waitForWindow("vitrine.one.foot");
  },
  BOOT_MS,
);

test(
  "keys reach the calculator, and its window can be resized",
  async () => {
    await cli.must("run", "--image", IMAGE, "--name", "one", "--", "gnome-calculator");
    await compositor.sway.waitForWindow("vitrine.one.org.gnome.Calculator");
    await compositor.swaymsg('[app_id="vitrine.one.org.gnome.Calculator"] focus');
    const before = await stillPicture(compositor);
    await input.typeText("6*7");
    await input.key("Return");
    const typed = await stillPicture(compositor, (now) => !now.equals(before));
    await compositor.swaymsg('[app_id="vitrine.one.org.gnome.Calculator"] resize shrink width 100 px');
    await stillPicture(compositor, (now) => !now.equals(typed));
  },
  BOOT_MS,
);

test("exec keeps streams apart, passes bytes as they are, and returns the exit status", async () => {
  const bytes = randomBytes(300_000);
  const echoed = await cli.run(["exec", "one", "--", "sh", "-c", "cat; echo problem >&2; exit 7"], { input: bytes });
  expect(echoed.status).toBe(7);
  expect(createHash("sha256").update(echoed.stdout).digest("hex")).toBe(
    createHash("sha256").update(bytes).digest("hex"),
  );
  expect(echoed.stderr).toBe("problem\n");
  const signalled = await cli.run(["exec", "one", "--", "sh", "-c", "kill -TERM $$"]);
  expect(signalled.status).toBe(128 + 15);
}, 60_000);

test("apps run as an ordinary user in a root of their own, with a session bus", async () => {
  expect(await cli.must("exec", "one", "--", "id", "-u")).toBe("1000\n");
  expect(await cli.must("exec", "one", "--", "sh", "-c", "test -S $XDG_RUNTIME_DIR/bus && echo bus")).toBe("bus\n");
  expect((await cli.run(["exec", "one", "--", "ls", "/agent"])).status).not.toBe(0);
}, 60_000);

test("a shell is a terminal: its name, its size, a new size, Ctrl-C", async () => {
  const pty = openPty({ rows: 30, columns: 100 });
  const child = spawn("setsid", ["--ctty", join(import.meta.dirname, "../../vitrine"), "shell", "one"], {
    env: { ...cli.environment, TERM: "dumb" },
    stdio: [pty.peer.raw, pty.peer.raw, pty.peer.raw],
  });
  const controller = pty.controller.dup();
  const terminal = fdStream(pty.controller);
  let seen = "";
  terminal.onData((chunk) => {
    seen += Buffer.from(chunk).toString();
  });
  const type = (text: string) => terminal.write(Buffer.from(text));
  const see = (text: string) =>
    eventually(`waiting for "${text}"`, 30_000, () => (seen.includes(text) ? true : undefined));
  await see("$");
  type("tty; stty size\n");
  await see("/dev/pts/");
  await see("30 100");
  setWindowSize(controller, { rows: 40, columns: 90 });
  type("sleep 600\n");
  await see("sleep 600");
  type("\u0003");
  type("stty size; echo st$((1+1))ll-here\n");
  await see("st2ll-here");
  expect(seen).toContain("40 90");
  type("exit 3\n");
  const status = await new Promise((resolve) => child.on("close", resolve));
  expect(status).toBe(3);
  terminal.destroy();
  controller.close();
  pty.peer.close();
}, 90_000);
