/** The clipboard, and what is selected, between programs that know only X11 and the desktop. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { collect, endProcess } from "../support/processes.ts";
import { X11Screen } from "../support/x11-screen.ts";

const CARRY_DEADLINE_MS = 40_000;
setDefaultTimeout(CARRY_DEADLINE_MS + 10_000);

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let screen: X11Screen;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
  screen = new X11Screen(compositor, loop);
  // The display tells only those of the clipboard who have the focus, and takes it only from them.
  compositor.spawn("xterm", [], screen.environment);
  await compositor.sway.waitForWindow("vitrine.test.XTerm");
  await input.typeText("x");
}, 60_000);
afterAll(async () => {
  screen[Symbol.dispose]();
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

const digest = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

let files = 0;

/** Copies `data` by one shell command and pastes it by the other, until what arrives is what was sent. */
async function carry(
  data: Uint8Array | string,
  [copy, copyEnvironment]: readonly [string, Readonly<Record<string, string>>],
  [paste, pasteEnvironment]: readonly [string, Readonly<Record<string, string>>],
): Promise<void> {
  const path = join(compositor.runtimeDir, `data-${files++}`);
  const target = `${path}-pasted`;
  writeFileSync(path, data, { mode: 0o644 });
  const copying = compositor.spawn("sh", ["-c", `exec ${copy} < ${path}`], copyEnvironment);
  try {
    await eventually("waiting for the paste", CARRY_DEADLINE_MS, async () => {
      const pasting = compositor.spawn("sh", ["-c", `timeout 20 ${paste} > ${target}`], pasteEnvironment);
      const { status } = await collect(pasting);
      return status === 0 && digest(target) === digest(path) ? true : undefined;
    });
  } finally {
    await endProcess(copying);
    rmSync(path);
    rmSync(target, { force: true });
  }
}

const DATA: readonly (readonly [name: string, type: string, target: string, data: Uint8Array | string])[] = [
  ["text", "text/plain;charset=utf-8", "UTF8_STRING", "Größe – 日本語 – 😀"],
  ["HTML", "text/html", "text/html", "<b>bold</b> &amp; <i>italic</i>"],
  ["data that fills its piece", "application/octet-stream", "application/octet-stream", randomBytes(64 * 1024)],
  ["three megabytes", "application/octet-stream", "application/octet-stream", randomBytes(3 * 1024 * 1024 + 1)],
];

for (const [name, type, target, data] of DATA) {
  test(`${name}, from an X program to the desktop`, () =>
    carry(
      data,
      [`xclip -quiet -selection clipboard -in -t ${target}`, screen.environment],
      [`wl-paste --no-newline --type '${type}'`, {}],
    ));
  test(`${name}, from the desktop to an X program`, () =>
    carry(
      data,
      [`wl-copy --foreground --type '${type}'`, {}],
      [`xclip -selection clipboard -out -t ${target}`, screen.environment],
    ));
}

test("what is selected, both ways", async () => {
  await carry("selected there", ["xclip -quiet -selection primary -in", screen.environment], ["wl-paste -p -n", {}]);
  await carry("selected here", ["wl-copy -p --foreground", {}], ["xclip -selection primary -out", screen.environment]);
});

test("text for a program of old comes in its letters, and the other way round", async () => {
  const latin1 = Buffer.from("Größe", "latin1");
  const copying = compositor.spawn("wl-copy", ["--foreground", "Größe"]);
  const old = await eventually("waiting for the paste", CARRY_DEADLINE_MS, async () => {
    const paste = ["-c", "timeout 20 xclip -selection clipboard -out -t STRING"];
    const { out } = await collect(compositor.spawn("sh", paste, screen.environment, "pipe"));
    return out.length === latin1.length ? out : undefined;
  });
  expect(old).toEqual(latin1);
  await endProcess(copying);
});

test("nothing was refused, and nothing has ended", () => {
  expect([...screen.notices, ...loop.notices]).toEqual([]);
});
