/** Apps that have started before anybody wants them: nobody sees them until somebody adopts one, and then all is as usual. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { ByteStream } from "../../src/channel/byte-stream.ts";
import { connectSandbox, type SandboxConnection } from "../../src/host/sandbox/supervisor/control-client.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { VirtualInput } from "../support/input.ts";
import { RunningSandbox } from "../support/running-sandbox.ts";
import { stillPixels } from "../support/still-picture.ts";

setDefaultTimeout(90_000);
const READY_DEADLINE_MS = 60_000;
const NAME = "try-ready";
const KEY = "the key";

let compositor: Compositor;
beforeEach(async () => {
  compositor = await Compositor.start({ swayConfig: "seat seat0 hide_cursor 1" });
});
afterEach(() => compositor.stop());

/** A terminal in the sandbox, which is ready for whoever has the key. */
function prepare(command: string): Promise<RunningSandbox> {
  // The test's guest half is there a moment after the sandbox.
  const script = `echo "hello from before"; until [ -S "$0" ]; do sleep 0.05; done; export WAYLAND_DISPLAY="$0"; ${command}`;
  return RunningSandbox.start(NAME, compositor, (appSocket) => ({
    key: KEY,
    argv: ["sh", "-c", script, appSocket],
    entry: null,
  }));
}

const FOOT = 'exec foot --override=cursor.blink=no --title=ready sh -c "seq 1 30; cat"';

async function becomes(connection: SandboxConnection, wanted: "ready"): Promise<void> {
  await eventually(`waiting for "${wanted}"`, READY_DEADLINE_MS, async () =>
    (await connection.info()).state === wanted ? true : undefined,
  );
}

function text(stream: ByteStream | undefined): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let all = "";
  stream?.onData((chunk) => {
    all += new TextDecoder().decode(chunk);
  });
  stream?.onEnd(() => resolve(all));
  return promise;
}

test("nobody sees it until it is adopted; then the window is there, takes keys, and the process is the adopter's", async () => {
  const empty = await stillPixels(compositor);
  await using sandbox = await prepare(FOOT);
  const first = await connectSandbox(NAME, sandbox.environment);
  const second = await connectSandbox(NAME, sandbox.environment);
  await becomes(first, "ready");
  expect((await first.info()).windows).toBe(1);
  expect(await compositor.sway.windows()).toEqual([]);
  expect((await stillPixels(compositor)).equals(empty)).toBe(true);
  const [listed] = JSON.parse((await sandbox.run("list", "--json")).out.toString());
  expect(listed).toMatchObject({ name: NAME, state: "ready" });
  // It is nobody's, and stays as those who adopt it must find it.
  const command = { argv: ["true"], environment: {}, user: "user", stdio: { kind: "streams" } } as const;
  await expect(first.launch({ ...command, argv: ["true"] })).rejects.toMatchObject({ code: "unavailable" });
  await expect(first.setNetwork("lan")).rejects.toMatchObject({ code: "unavailable" });
  await expect(first.adopt({ key: "another" })).rejects.toMatchObject({ code: "not-found" });

  const [won, lost] = await Promise.allSettled([first.adopt({ key: KEY }), second.adopt({ key: KEY })]);
  if (won.status === "rejected") throw won.reason;
  expect(lost).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  const window = await compositor.sway.waitForWindow(({ name }) => name?.includes("ready") === true);
  expect(window.app_id).toContain("foot");
  const shown = await stillPixels(compositor, (now) => !now.equals(empty));
  const input = await VirtualInput.create(compositor.socketPath);
  await input.key("a");
  await stillPixels(compositor, (now) => !now.equals(shown));
  input.close();
  expect((await second.info()).state).toBe("running");

  const printed = text(won.value.streams.get("stdout"));
  await won.value.signal("SIGTERM");
  expect(await won.value.ended).toEqual({ code: 230, signal: null });
  expect(await printed).toBe("hello from before\n");
  first.close();
  second.close();
});

test("the adopter goes: the app goes with him", async () => {
  await using sandbox = await prepare("exec weston-clickdot");
  const adopter = await connectSandbox(NAME, sandbox.environment);
  await becomes(adopter, "ready");
  await adopter.adopt({ key: KEY });
  const other = await connectSandbox(NAME, sandbox.environment);
  expect((await other.info()).processes).toHaveLength(1);
  adopter.close();
  await eventually("waiting for the app to end", READY_DEADLINE_MS, async () =>
    (await other.info()).processes.length === 0 ? true : undefined,
  );
  other.close();
});

test("an app that ends before it shows a window is given up", async () => {
  await using sandbox = await prepare("exit 3");
  expect(await sandbox.ended).toEqual({ kind: "given-up", why: "the app has ended", failed: true });
});

test("the compositor goes: nobody can want it any more", async () => {
  await using sandbox = await prepare(FOOT);
  const caller = await connectSandbox(NAME, sandbox.environment);
  await becomes(caller, "ready");
  await compositor.crash();
  expect(await sandbox.ended).toMatchObject({ kind: "given-up", failed: false });
  await compositor.startAgain();
  expect(await compositor.sway.windows()).toEqual([]);
});

test("the policy changes: it is given up, since it began under another", async () => {
  await using sandbox = await prepare(FOOT);
  const caller = await connectSandbox(NAME, sandbox.environment);
  await becomes(caller, "ready");
  await caller.applyPolicy();
  expect(await sandbox.ended).toMatchObject({ kind: "given-up", failed: false });
});
