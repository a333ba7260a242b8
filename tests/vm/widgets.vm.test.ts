/**
 * GTK 4 out of a virtual machine: menus, popovers, tooltips and dialogs are where the app wants them and go when it says so.
 * Every step must change the picture; both ways that pixels travel must come to the very same one, the cursor included.
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { VitrineError } from "../../src/base/error.ts";
import { eventually } from "../support/deadline.ts";
import type { Pixels } from "../support/pixels.ts";
import type { SwayNode } from "../support/sway.ts";
import { BOOT_DEADLINE_MS, BUILD_DEADLINE_MS, HEIGHT, type SandboxName, VmSession, WIDTH } from "./session.ts";

const DEADLINE_MS = 400_000;
const READY_DEADLINE_MS = 120_000;
/** So long a picture must stay the same: after a key GTK shows for three seconds where the focus is. */
const STILL_MS = 4_000;
/** So many different ones show that a window is at work. */
const PICTURES_OF_MOVEMENT = 5;
/** GTK: no blinking cursor, nothing moves, and no processor's own way of drawing. */
const AT_REST = `
  mkdir -p ~/.config/glib-2.0/settings
  printf '[org/gnome/desktop/interface]\\ncursor-blink=false\\nenable-animations=false\\n' > \\
    ~/.config/glib-2.0/settings/keyfile
  export GSETTINGS_BACKEND=keyfile GSK_RENDERER=cairo
`;
const PLACE = { x: 20, y: 20 } as const;

let started: VmSession | undefined;
let empty: Pixels;
beforeAll(async () => {
  started = await VmSession.start({ cursor: "shown" });
  const { compositor, input } = started;
  // A window is in its place from the first frame on; dialogs float by themselves.
  const rule = `floating enable, move absolute position ${PLACE.x} ${PLACE.y}`;
  await compositor.swaymsg(`default_floating_border none; for_window [tiling] "${rule}"`);
  await input.moveTo(0, 0, WIDTH, HEIGHT);
  empty = await started.pixels();
}, BUILD_DEADLINE_MS);
afterAll(() => started?.stop(), BOOT_DEADLINE_MS);
// What a failed test has left would be taken for a window of the next one.
afterEach(() => started?.clear(), BOOT_DEADLINE_MS);

type Place = readonly [x: number, y: number];
interface Step {
  readonly name: string;
  readonly act: (session: VmSession, window: SwayNode) => Promise<unknown>;
}

const hover = (name: string, [x, y]: Place): Step => ({
  name,
  act: ({ input }) => input.moveTo(PLACE.x + x, PLACE.y + y, WIDTH, HEIGHT),
});
const click = (name: string, place: Place): Step => ({
  name,
  act: async (session, window) => {
    await hover(name, place).act(session, window);
    await session.input.click();
  },
});
const key = (name: string, which: string): Step => ({ name, act: ({ input }) => input.key(which) });
/** For a window that always moves until this click: one that comes before it does goes nowhere. */
const clickOnceItMoves = (name: string, place: Place): Step => ({
  name,
  act: async (session, window) => {
    const seen: Pixels[] = [];
    await eventually(`"${name}"`, READY_DEADLINE_MS, async () => {
      const now = await session.pixelsNow();
      if (!now.equals(seen.at(-1) ?? empty)) seen.push(now);
      return seen.length > PICTURES_OF_MOVEMENT ? true : undefined;
    });
    await click(name, place).act(session, window);
  },
});

const PROGRAMS: Readonly<Record<string, readonly Step[]>> = {
  "gnome-calculator": [
    { name: "it opens", act: async () => {} },
    click("a menu opens", [175, 25]),
    key("the menu closes", "Escape"),
    click("another menu opens", [300, 25]),
    key("that menu closes", "Escape"),
    click("a digit is typed", [47, 441]),
  ],
  "gtk4-widget-factory": [
    clickOnceItMoves("the third page", [852, 26]),
    hover("a tooltip is shown", [555, 307]),
    click("a popover opens", [578, 77]),
    key("the popover closes", "Escape"),
    click("a menu opens in a popover", [989, 77]),
    click("its submenu opens", [927, 404]),
    key("the menu closes", "Escape"),
    key("a dialog opens", "F1"),
    key("the dialog closes", "Escape"),
  ],
};

/** Goes through the steps; returns what the screen shows after each. `isWanted` decides when it does. */
async function use(
  sandbox: SandboxName,
  program: string,
  isWanted: (now: Pixels, before: Pixels, index: number) => boolean,
): Promise<Pixels[]> {
  const session = started;
  if (session === undefined) throw new VitrineError("unavailable", "the session has not started");
  await session.input.moveTo(0, 0, WIDTH, HEIGHT);
  const window = await session.open(sandbox, ["sh", "-c", `${AT_REST}exec ${program}`]);
  const pictures: Pixels[] = [];
  for (const step of PROGRAMS[program] ?? []) {
    await step.act(session, window);
    const before = pictures.at(-1) ?? empty;
    try {
      const picture = await session.pixels((now) => isWanted(now, before, pictures.length), { stillMs: STILL_MS });
      pictures.push(picture);
    } catch (cause) {
      throw new VitrineError("io", `${program}: "${step.name}" did not come to the wanted picture`, { cause });
    }
  }
  await session.closeAll();
  return pictures;
}

test.each(Object.keys(PROGRAMS))(
  "%s shows its menus, popovers, tooltips and dialogs, whichever way its pixels take",
  async (program) => {
    const pictures = await use("arena", program, (now, before) => !now.equals(before));
    expect(pictures.length).toBe(PROGRAMS[program]?.length ?? 0);
    await use("wire", program, (now, _before, index) => pictures[index]?.equals(now) === true);
  },
  DEADLINE_MS,
);
