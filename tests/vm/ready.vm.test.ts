/** Trials that begin where a ready machine is: what the first leaves for the second, and what becomes of it otherwise. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processorMs } from "../../src/host/sandbox/ready/processor-time.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import { VirtualInput } from "../support/input.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { type PictureOptions, stillPixels } from "../support/still-picture.ts";
import { PLENTY, ReadySession } from "./ready-session.ts";
import { BUILD_DEADLINE_MS, over } from "./snapshot-session.ts";

setDefaultTimeout(600_000);
const PICTURE_DEADLINE_MS = 60_000;
/** A program under emulation that rests for so long has drawn all of it. */
const STILL_MS = 2000;
/** How long a machine is watched that shall do nothing, in milliseconds. */
const WATCHED_MS = 3000;
const CLOCK_TOLERANCE_MS = 5000;
/** The part of the host's memory that is available when it is short, but not dangerously so. */
const SHORT = 0.08;
/** It ends with a status of its own when a line was typed. */
const WORDS = ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; read line; exit 7"];

let session: ReadySession;
beforeAll(async () => {
  session = await ReadySession.start();
}, BUILD_DEADLINE_MS);
afterAll(() => session?.stop());
afterEach(async () => {
  await session?.run("stop", "--all", "--force");
  await session?.windows(0);
});

const pixels = (accept: (now: Pixels) => boolean, options: PictureOptions = {}) =>
  stillPixels(session.compositor, accept, { deadlineMs: PICTURE_DEADLINE_MS, ...options });
const emptyPixels = () => pixels((now) => now.box((colour) => colour !== now.at(0, 0)) === undefined);

async function nativePicture(empty: Pixels): Promise<Pixels> {
  const { compositor, native } = session;
  await makeRoomForFrame(compositor, true);
  const app = compositor.spawn(...native.command(WORDS, compositor.runtimeDir));
  const picture = await pixels((now) => !now.equals(empty), { stillMs: 300 });
  await endProcess(app);
  await pixels((now) => now.equals(empty));
  await makeRoomForFrame(compositor, false);
  return picture;
}

/** Tries the program once, as usual, so that a machine becomes ready for the next. */
async function leaveOneReady() {
  const first = session.try(WORDS);
  const ready = await session.ready();
  first.child.kill("SIGTERM");
  await first.ended;
  await session.windows(0);
  return ready;
}

test("the second trial takes the machine that the first has left: the same picture, keys arrive, its end is told", async () => {
  const input = await VirtualInput.create(session.compositor.socketPath);
  const empty = await emptyPixels();
  const native = await nativePicture(empty);
  const ready = await leaveOneReady();
  expect(ready.ownMemory).toBeGreaterThan(0);
  expect((await session.run("list", "--running")).out.toString()).toContain("ready");
  // It stands still, and shows nothing.
  const used = processorMs(ready.monitorPid);
  await Bun.sleep(WATCHED_MS);
  expect(processorMs(ready.monitorPid)).toBe(used);
  expect((await emptyPixels()).equals(empty)).toBe(true);

  const second = session.try(WORDS);
  await session.window();
  const running = (await session.list()).find(({ state }) => state === "running");
  expect(running?.name).toBe(ready.name);
  let difference: string | undefined;
  await pixels(
    (ours) => {
      difference = differenceInFrame({ ours, native, empty }, ready.name);
      return difference === undefined;
    },
    { stillMs: STILL_MS },
  ).catch(() => {});
  expect(difference).toBeUndefined();
  const date = Date.now();
  const clock = Number((await session.run("exec", ready.name, "--", "date", "+%s")).out.toString()) * 1000;
  expect(clock).toBeGreaterThan(date - CLOCK_TOLERANCE_MS);
  expect(clock).toBeLessThan(Date.now() + CLOCK_TOLERANCE_MS);
  await input.typeText("line\n");
  expect((await second.ended).status).toBe(7);
  input.close();
  expect((await session.list()).map(({ name }) => name)).not.toContain(ready.name);
});

test("two at once: one takes the machine, the other starts as usual; other permissions are another machine", async () => {
  const ready = await leaveOneReady();
  const trials = [session.try(WORDS), session.try(WORDS), session.try(WORDS, ["--network", "none"])];
  await session.windows(3);
  const running = (await session.list()).filter(({ state }) => state === "running").map(({ name }) => name);
  expect(running).toHaveLength(3);
  expect(running).toContain(ready.name);
  for (const { child } of trials) child.kill("SIGTERM");
  await Promise.all(trials.map(({ ended }) => ended));
});

test("killed at any point: the ready machine's supervisor, its monitor, whoever has adopted it", async () => {
  let ready = await leaveOneReady();
  process.kill(ready.supervisorPid, "SIGKILL");
  await over([ready.supervisorPid, ready.monitorPid]);
  expect((await session.list()).map(({ name }) => name)).not.toContain(ready.name);

  ready = await leaveOneReady();
  process.kill(ready.monitorPid, "SIGKILL");
  await over([ready.supervisorPid, ready.monitorPid]);

  ready = await leaveOneReady();
  const adopter = session.try(WORDS);
  await session.window();
  expect((await session.list()).find(({ state }) => state === "running")?.name).toBe(ready.name);
  // The terminal itself does not heed that.
  adopter.child.kill("SIGKILL");
  await over([ready.supervisorPid, ready.monitorPid]);
  await session.windows(0);
});

test("the host's memory becomes short: the ready machine ends, and the trial that somebody uses goes on", async () => {
  const trial = session.try(WORDS);
  const ready = await session.ready();
  session.setAvailableMemory(SHORT);
  await over([ready.supervisorPid, ready.monitorPid, ready.displayPid]);
  session.setAvailableMemory(PLENTY);
  expect(session.readyLog()).toContain(`${ready.name}: stopped because the host ran out of memory`);
  expect((await session.list()).map(({ state }) => state)).toEqual(["running"]);
  await session.windows(1);
  trial.child.kill("SIGTERM");
  await trial.ended;
});

test("an app without a window is not made ready; one that the user does not want ready is ended; so is what is stopped", async () => {
  const silent = session.try(["sh", "-c", "echo done"]);
  expect((await silent.ended).out.toString()).toBe("done\n");
  expect(await session.list()).toEqual([]);
  const ready = await leaveOneReady();
  expect((await session.run("stop", ready.name)).status).toBe(0);
  await over([ready.supervisorPid, ready.monitorPid]);
  await leaveOneReady();
  const settings = join(session.environment.HOME ?? "", ".config/vitrine/settings.json");
  mkdirSync(join(settings, ".."), { recursive: true });
  writeFileSync(settings, '{"readyMachines": 0}');
  await session.nothingRuns();
  expect((await session.run("logs", ready.name)).status).not.toBe(0);
});
