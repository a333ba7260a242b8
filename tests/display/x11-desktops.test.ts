/** X11 programs on compositors that place popups by other rules, draw no title bars, and judge sizes strictly. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DESKTOPS_DEADLINE_MS, openDesktops } from "../support/desktops.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "../support/display-loop.ts";
import type { NativeRoot } from "../support/native-root.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";
import { X11Screen } from "../support/x11-screen.ts";

setDefaultTimeout(90_000);
const DEADLINE_MS = 30_000;

/** Says what it has been given, and goes through what windows do: a menu, a dialog, the whole screen, and back. */
const PROGRAM = `
proc say {text} {set f [open said a]; puts -nonewline $f "$text "; close $f}
proc later {ms words script} {after $ms "$script; say {$words}"}
wm geometry . 300x200
bind . <Map> {say mapped}
bind . <Configure> {if {"%W" eq "."} {say %wx%h}}
menu .m -tearoff 0
.m add command -label "one"
later 500 menu {.m post [expr [winfo rootx .] + 40] [expr [winfo rooty .] + 60]}
later 1000 closed {.m unpost}
later 1100 dialog {toplevel .d; wm geometry .d 200x100; wm transient .d .}
later 1800 gone {destroy .d}
later 1900 fullscreen {wm attributes . -fullscreen 1}
later 2800 back {wm attributes . -fullscreen 0}
later 3700 maximized {wm attributes . -zoomed 1}
later 4600 done {wm attributes . -zoomed 0}
`;

let root: NativeRoot;
beforeAll(async () => {
  root = await openDesktops();
}, DESKTOPS_DEADLINE_MS);
afterAll(() => root[Symbol.dispose]());

test.each([
  ["mutter", "old"],
  ["weston", "old"],
  ["mutter", "new"],
  ["weston", "new"],
  ["kwin", "new"],
] as const)("a program of Tk's goes through it all on %s, %s", async (kind, age) => {
  const options = { kind, width: 1280, height: 800, ...(age === "new" ? { root } : {}) };
  await using compositor = await Compositor.start(options);
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
  using screen = new X11Screen(compositor, loop);
  const path = join(compositor.runtimeDir, "program.tcl");
  const log = join(compositor.runtimeDir, "said");
  writeFileSync(path, PROGRAM, { mode: 0o644 });
  writeFileSync(log, "");
  compositor.giveToApps(log);
  const said = () => readFileSync(log, "utf8");
  const child = compositor.spawn("wish", [path], screen.environment);
  const windows: number[] = [];
  await eventually("waiting for the program to be done", DEADLINE_MS, () => {
    if (loop.host.windows !== windows.at(-1)) windows.push(loop.host.windows);
    return said().includes("done") ? true : undefined;
  });
  expect(said()).toContain("mapped");
  expect(said()).toContain("300x200");
  // One window, and another while there is a dialog.
  expect(windows.filter((count) => count > 0)).toEqual([1, 2, 1]);
  const sizes = [...said().matchAll(/(\d+)x(\d+)/g)].map(([, width]) => Number(width));
  expect(Math.max(...sizes)).toBeGreaterThan(1200);
  await endProcess(child);
  await eventually("waiting for the windows to go", DEADLINE_MS, () => (loop.host.windows === 0 ? true : undefined));
  expect([...screen.notices, ...loop.notices]).toEqual([]);
});

test("what its program moves and resizes while it is open goes along, where the compositor can do that", async () => {
  const swayConfig = "for_window [app_id=.*] floating enable, move position 300 200";
  await using compositor = await Compositor.start({ root, width: 1280, height: 800, swayConfig });
  using loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
  using screen = new X11Screen(compositor, loop);
  const path = join(compositor.runtimeDir, "program.tcl");
  const placeTip =
    "proc place {size x y} {wm geometry .t $size+[expr [winfo rootx .] + $x]+[expr [winfo rooty .] + $y]}";
  const tip = "toplevel .t -background #ff0000; wm overrideredirect .t 1; wm transient .t .";
  const script = `wm geometry . 400x300; ${placeTip}
    after 1000 {${tip}; place 100x50 20 30}
    after 3000 {place 60x80 150 -40}`;
  writeFileSync(path, script, { mode: 0o644 });
  compositor.spawn("wish", [path], screen.environment);
  const red = (colour: number) => colour === 0xff0000;
  const seen = async (width: number) => {
    const pixels = await stillPixels(compositor, (now) => now.box(red)?.width === width);
    return pixels.box(red);
  };
  const before = await seen(100);
  const after = await seen(60);
  expect([before?.height, after?.height]).toEqual([50, 80]);
  expect([(after?.x ?? 0) - (before?.x ?? 0), (after?.y ?? 0) - (before?.y ?? 0)]).toEqual([130, -70]);
  expect([...screen.notices, ...loop.notices]).toEqual([]);
});
