/** Programs that know only X11: their windows, menus and dialogs as the compositor has them. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { stillPixels } from "../support/still-picture.ts";
import type { Rectangle, SwayNode } from "../support/sway.ts";
import { X11Screen } from "../support/x11-screen.ts";

setDefaultTimeout(90_000);
const [WIDTH, HEIGHT] = [1280, 800];
/** The frame around windows, and around menus. */
const [BORDER, MENU_BORDER] = [4, 2];
const RED = 0xff0000;

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;
let screen: X11Screen;
let empty: Pixels;

beforeAll(async () => {
  const swayConfig =
    "default_floating_border none\nseat seat0 hide_cursor 1\nfor_window [app_id=.*] floating enable, move position 300 200";
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig });
  input = await VirtualInput.create(compositor.socketPath);
  empty = await stillPixels(compositor);
  loop = new DisplayLoop(compositor, "arena", { policy: policyOf("fullscreen allow") });
  screen = new X11Screen(compositor, loop);
}, 60_000);
afterAll(async () => {
  screen[Symbol.dispose]();
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});
beforeEach(() => {
  screen.notices.length = 0;
  loop.notices.length = 0;
});

let files = 0;

/** Runs `act` while the program shows a window, and waits until all of its windows are gone. */
async function withProgram<T>(words: readonly string[], act: (window: SwayNode) => Promise<T>): Promise<T> {
  const [program = "", ...args] = words;
  const child = compositor.spawn(program, args, screen.environment);
  try {
    const window = await compositor.sway.waitFor(`the window of "${program}"`, (windows) => windows[0], 30_000);
    // sway does not know yet where it will be.
    await stillPixels(compositor, (now) => !now.equals(empty));
    return await act((await windowNow()) ?? window);
  } finally {
    await endProcess(child);
    await compositor.sway.waitFor("no window", (windows) => (windows.length === 0 ? true : undefined));
  }
}

/** A program of Tk's, and the file into which it writes what `say` is given. */
function tk(script: string): { words: readonly string[]; said: () => string } {
  const number = files++;
  const path = join(compositor.runtimeDir, `program-${number}.tcl`);
  const log = join(compositor.runtimeDir, `said-${number}`);
  const say = `proc say {text} {set f [open ${log} a]; puts -nonewline $f "$text "; close $f}\n`;
  writeFileSync(path, `${say}${script}`, { mode: 0o644 });
  writeFileSync(log, "");
  compositor.giveToApps(log);
  return { words: ["wish", path], said: () => readFileSync(log, "utf8") };
}

const windowNow = async (): Promise<SwayNode | undefined> => (await compositor.sway.windows())[0];
const inside = ({ rect }: SwayNode): Rectangle => ({
  x: rect.x + BORDER,
  y: rect.y + BORDER,
  width: rect.width - 2 * BORDER,
  height: rect.height - 2 * BORDER,
});
const eventuallySaid = (said: () => string, text: string) =>
  eventually(`waiting for "${text}"`, 20_000, () => (said().includes(text) ? true : undefined));
/** Waits until the one window has that size inside its frame. */
const eventuallySize = (width: number, height: number) =>
  eventually(`waiting for ${width}x${height}`, 20_000, async () => {
    const window = await windowNow();
    const content = window && inside(window);
    return content?.width === width && content.height === height ? window : undefined;
  });
const redBox = async (wanted: (box: Rectangle | undefined) => boolean) => {
  const pixels = await stillPixels(compositor, (now) => wanted(now.box((colour) => colour === RED)));
  return pixels.box((colour) => colour === RED);
};

test("nothing is started before the first program comes", () => {
  expect(screen.server.pid).toBeUndefined();
});

describe("a window", () => {
  test("has its program's names, takes keys, and is resized by both sides", async () => {
    const typed = join(compositor.runtimeDir, "typed");
    await withProgram(
      ["xterm", "-xrm", "*allowWindowOps: true", "-T", "A title – ☃", "-geometry", "60x20", "-e", "sh"],
      async (window) => {
        expect(window).toMatchObject({ name: "A title – ☃", app_id: "vitrine.test.XTerm" });
        await input.moveTo(400, 300, WIDTH, HEIGHT);
        await input.typeText(`echo typed here > ${typed}\n`);
        await eventually("waiting for what is typed", 20_000, () => (existsSync(typed) ? true : undefined));
        expect(readFileSync(typed, "utf8")).toBe("typed here\n");
        await compositor.swaymsg("resize set 608 408");
        await eventuallySize(600, 400);
        // xterm's cells are 6 by 13, and there are 2 pixels around them.
        await input.typeText(`stty size > ${typed}\n`);
        const size = () => readFileSync(typed, "utf8").trim();
        await eventually("waiting for xterm", 20_000, () => (/^30 9\d$/.test(size()) ? true : undefined));
        await input.typeText("printf '\\033[8;10;50t'\n");
        await eventually("waiting for xterm's own size", 20_000, async () => {
          const { width = 0, height = 0 } = inside((await windowNow()) ?? window);
          return width < 350 && height < 150 ? true : undefined;
        });
      },
    );
    expect([...screen.notices, ...loop.notices]).toEqual([]);
  });

  test("is closed by asking its program", async () => {
    const program = tk(`wm protocol . WM_DELETE_WINDOW {say asked; exit}`);
    await withProgram(program.words, async () => {
      await compositor.swaymsg("kill");
      await eventuallySaid(program.said, "asked");
    });
  });

  test("fills the screen and returns, at its program's wish and at the user's", async () => {
    const program = tk(`
      wm geometry . 300x200
      bind . <Configure> {if {"%W" eq "."} {say %wx%h}}
      bind . <f> {wm attributes . -fullscreen [expr ![wm attributes . -fullscreen]]}
      bind . <s> {say state=[wm attributes . -fullscreen]}`);
    await withProgram(program.words, async () => {
      await eventuallySize(300, 200);
      const fills = (mode: number) =>
        eventually(
          `waiting for mode ${mode}`,
          20_000,
          async () => (await windowNow())?.fullscreen_mode === mode || undefined,
        );
      await input.key("f");
      await fills(1);
      await eventuallySaid(program.said, `${WIDTH - 2 * BORDER}x${HEIGHT - 2 * BORDER}`);
      await input.key("f");
      await fills(0);
      await eventuallySize(300, 200);
      await compositor.swaymsg("fullscreen enable");
      await fills(1);
      await eventually("waiting for its state", 20_000, async () => {
        await input.key("s");
        return program.said().includes("state=1") ? true : undefined;
      });
      await compositor.swaymsg("fullscreen disable");
      await eventuallySize(300, 200);
    });
    expect([...screen.notices, ...loop.notices]).toEqual([]);
  });
});

describe("what belongs to a window", () => {
  test("a menu opens where its program wants it, follows it, takes clicks, and closes", async () => {
    const program = tk(`
      wm geometry . 400x300
      menu .m -tearoff 0 -background #ff0000 -activebackground #ff0000 -borderwidth 0 -activeborderwidth 0 -relief flat
      .m add command -label "      " -command {say chosen}
      .m add command -label "      "
      bind . <m> {.m post [expr [winfo rootx .] + 40] [expr [winfo rooty .] + 60]}`);
    await withProgram(program.words, async () => {
      const window = inside(await eventuallySize(400, 300));
      await input.key("m");
      const box = await redBox((now) => now !== undefined);
      // The menu's own frame counts as part of it.
      expect(Math.abs((box?.x ?? 0) - (window.x + 40))).toBeLessThanOrEqual(MENU_BORDER + 1);
      expect(Math.abs((box?.y ?? 0) - (window.y + 60))).toBeLessThanOrEqual(MENU_BORDER + 1);
      await compositor.swaymsg("move position 500 100");
      const moved = await redBox((now) => now?.x !== box?.x);
      expect([(moved?.x ?? 0) - (box?.x ?? 0), (moved?.y ?? 0) - (box?.y ?? 0)]).toEqual([200, -100]);
      await input.moveTo((moved?.x ?? 0) + 10, (moved?.y ?? 0) + 10, WIDTH, HEIGHT);
      await input.click();
      await eventuallySaid(program.said, "chosen");
      expect(await redBox((now) => now === undefined)).toBeUndefined();
    });
    expect([...screen.notices, ...loop.notices]).toEqual([]);
  });

  test("a dialog stands over it, and has the keys", async () => {
    const program = tk(`
      wm geometry . 400x300
      bind . <d> {
        toplevel .d; wm title .d dialog; wm geometry .d 200x100; wm transient .d .; wm resizable .d 0 0
        bind .d <FocusIn> {say focused}
        bind .d <x> {say dialog; destroy .d; bind . <FocusIn> {say "main has the focus"}}
      }
      bind . <x> {say "main has the key"}`);
    await withProgram(program.words, async () => {
      await eventuallySize(400, 300);
      await input.key("d");
      const dialog = await compositor.sway.waitForWindow((window) => window.name === "dialog" && window.focused);
      expect([dialog.rect.width, dialog.rect.height]).toEqual([200 + 2 * BORDER, 100 + 2 * BORDER]);
      await eventuallySaid(program.said, "focused");
      await input.key("x");
      await eventuallySaid(program.said, "dialog");
      await compositor.sway.waitFor("the dialog to go", (windows) => (windows.length === 1 ? true : undefined));
      await eventuallySaid(program.said, "main has the focus");
      await input.key("x");
      await eventuallySaid(program.said, "main has the key");
    });
  });

  test("a tooltip that comes before it waits for it", async () => {
    const program = tk(`
      wm withdraw .
      toplevel .tip -background #ff0000; wm overrideredirect .tip 1; wm attributes .tip -type tooltip
      wm geometry .tip 60x40+330+250
      after 500 {wm geometry . 400x300; wm deiconify .}
      bind . <x> {say key}`);
    await withProgram(program.words, async () => {
      await eventuallySize(400, 300);
      expect(await redBox((now) => now !== undefined)).toMatchObject({ width: 60, height: 40 });
      expect(await compositor.sway.windows()).toHaveLength(1);
      await input.key("x");
      await eventuallySaid(program.said, "key");
    });
  });

  test("a window that its program places itself, with nothing to belong to, is a window", async () => {
    const program = tk(`wm overrideredirect . 1; wm geometry . 250x120+30+40; . configure -background #ff0000`);
    await withProgram(program.words, async (window) => {
      expect([inside(window).width, inside(window).height]).toEqual([250, 120]);
      expect(await redBox((now) => now?.width === 250)).toMatchObject({ width: 250, height: 120 });
    });
  });

  test("windows that claim each other as parents are shown, and nothing ends", async () => {
    const program = tk(`
      wm geometry . 300x200
      toplevel .a; toplevel .b; wm geometry .a 200x100; wm geometry .b 200x100
      proc over {a b} {exec xprop -id [wm frame $a] -f WM_TRANSIENT_FOR 32x -set WM_TRANSIENT_FOR [wm frame $b]}
      bind all <c> {over .a .b; over .b .a; over . .; wm title .a still; say circle}`);
    await withProgram(program.words, async () => {
      await compositor.sway.waitFor("three windows", (windows) => (windows.length === 3 ? true : undefined));
      await input.key("c");
      await eventuallySaid(program.said, "circle");
      await compositor.sway.waitForWindow((window) => window.name === "still");
    });
    expect([...screen.notices, ...loop.notices]).toEqual([]);
  });
});

test("a killed Xwayland takes its windows along, and the next program starts another", async () => {
  const child = compositor.spawn("xterm", [], screen.environment);
  await compositor.sway.waitForWindow("vitrine.test.XTerm");
  const { pid = 0 } = screen.server;
  process.kill(pid, "SIGKILL");
  await compositor.sway.waitFor("no window", (windows) => (windows.length === 0 ? true : undefined));
  await endProcess(child);
  await eventually("waiting for the notice", 10_000, () => (screen.notices.length > 0 ? true : undefined));
  expect(screen.notices.join()).toContain("SIGKILL");
  await withProgram(["xterm"], async (window) => {
    expect(window.app_id).toBe("vitrine.test.XTerm");
    expect(screen.server.pid).not.toBe(pid);
  });
  expect(loop.notices).toEqual([]);
});
