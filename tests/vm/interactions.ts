/**
 * Programs used with the pointer, once on the host and once in a virtual machine: after every step the screen must show
 * the very same bytes, menus in their places included, frames aside. Native and guest programs come from the same image.
 */
import { beforeAll, describe, test } from "bun:test";
import { VitrineError } from "../../src/base/error.ts";
import { insetsOf, type Look, withFrame } from "../../src/host/display/frame/measures.ts";
import { differenceInFrame, menuDifference } from "../support/framed.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import type { SwayNode } from "../support/sway.ts";
import { HEIGHT, SANDBOXES, type SandboxName, type VmSession, WIDTH } from "./session.ts";

const DEADLINE_MS = 300_000;
/** A native program that rests for so long has drawn all of it. */
const STILL_MS = 300;

/** Where what windows show is put on the screen. */
const PLACE = { x: 100, y: 80 } as const;
/** What a user does to a window; `at` is a place within it, from its left upper corner. */
interface Hand {
  readonly session: VmSession;
  readonly window: SwayNode;
  /** Undefined natively. */
  readonly look: Look | undefined;
  point(at: readonly [x: number, y: number]): Promise<void>;
}

interface Step {
  readonly name: string;
  /** It opens a menu. */
  readonly menu?: true;
  readonly act: (hand: Hand) => Promise<unknown>;
}

const click = (name: string, at: readonly [number, number], button: "left" | "right" = "left"): Step => ({
  name,
  act: async (hand) => {
    await hand.point(at);
    await hand.session.input.click(button);
  },
});
const menu = (step: Step): Step => ({ ...step, menu: true });
const key = (name: string, which: string): Step => ({ name, act: ({ session }) => session.input.key(which) });
const scroll = (name: string, at: readonly [number, number], steps: number): Step => ({
  name,
  act: async (hand) => {
    await hand.point(at);
    await hand.session.input.scroll(steps);
  },
});
const resize = (name: string, width: number, height: number): Step => ({
  name,
  act: ({ session, window, look }) => {
    const size = look === undefined ? { width, height } : withFrame({ width, height }, insetsOf(look));
    return session.compositor.swaymsg(`[con_id=${window.id}] resize set ${size.width} ${size.height}`);
  },
});
const drag = (name: string, from: readonly [number, number], to: readonly [number, number]): Step => ({
  name,
  act: async (hand) => {
    await hand.point(from);
    await hand.session.input.press();
    await hand.point(to);
    await hand.session.input.release();
  },
});

interface Program {
  readonly words: readonly string[];
  readonly steps: readonly Step[];
}

const PROGRAMS: readonly Program[] = [
  {
    // In a frame it is told that all its edges touch something, and fills the room that it has; alone it fits its cells.
    words: [
      "foot",
      "--override=cursor.blink=no",
      "--override=resize-by-cells=no",
      "sh",
      "-c",
      "seq 1 200; exec sleep 1000",
    ],
    steps: [
      scroll("the wheel turns back", [100, 100], -3),
      drag("text is marked", [20, 60], [20, 160]),
      resize("the window shrinks", 500, 300),
      resize("the window grows", 800, 600),
    ],
  },
  {
    words: ["featherpad"],
    steps: [
      menu(click("a menu opens", [30, 15])),
      key("the menu closes", "Escape"),
      menu(click("a context menu opens", [300, 300], "right")),
      key("the context menu closes", "Escape"),
      resize("the window shrinks", 500, 300),
    ],
  },
  {
    words: ["/usr/libexec/installed-tests/SDL2/testmouse"],
    steps: [drag("a line is drawn", [50, 50], [300, 200]), click("a dot is drawn", [200, 300])],
  },
];

export function testInteractions(session: () => VmSession): void {
  describe("used with the pointer, a program shows what it shows natively:", () => {
    let empty: Pixels;
    beforeAll(async () => {
      const { compositor } = session();
      // From here on windows float: their size is their own. What sway draws around them is no concern of ours.
      await compositor.swaymsg('default_floating_border none; for_window [app_id=".*"] floating enable');
      empty = await session().emptyPixels();
    });

    /** Does the steps; after each the screen must come to rest with nothing wrong. `fault` says what is. */
    async function use(
      window: SwayNode,
      { steps }: Program,
      look: Look | undefined,
      fault: (now: Pixels, before: Pixels, step: Step, index: number) => string | undefined,
    ): Promise<Pixels[]> {
      const { compositor, input } = session();
      const { left, top } = look === undefined ? { left: 0, top: 0 } : insetsOf(look);
      await compositor.swaymsg(`[con_id=${window.id}] move absolute position ${PLACE.x - left} ${PLACE.y - top}`);
      // Where it was left after the last window, it would touch this one.
      await input.moveTo(0, 0, WIDTH, HEIGHT);
      const point: Hand["point"] = ([x, y]) => input.moveTo(PLACE.x + x, PLACE.y + y, WIDTH, HEIGHT);
      const pictures: Pixels[] = [];
      for (const step of [{ name: "it opens", act: async () => {} }, ...steps]) {
        await step.act({ session: session(), window, look, point });
        const before = pictures.at(-1) ?? empty;
        let wrong: string | undefined;
        const isWanted = (now: Pixels) => {
          wrong = fault(now, before, step, pictures.length);
          return wrong === undefined;
        };
        try {
          pictures.push(await session().pixels(isWanted, look === undefined ? { stillMs: STILL_MS } : {}));
        } catch (cause) {
          throw new VitrineError("io", `"${step.name}" did not come to the wanted picture: ${wrong}`, { cause });
        }
      }
      return pictures;
    }

    test.each(PROGRAMS.map((program) => [program.words[0] ?? "", program] as const))(
      "%s",
      async (_name, program) => {
        const { words } = program;
        const { compositor, native } = session();
        const app = compositor.spawn(...native.command(words, compositor.runtimeDir));
        let expected: Pixels[];
        try {
          const window = await compositor.sway.waitForWindow(() => true);
          // Every step changes something.
          expected = await use(window, program, undefined, (now, before) =>
            now.equals(before) ? "nothing changes" : undefined,
          );
        } finally {
          await endProcess(app);
          await session().closed();
        }
        for (const sandbox of Object.keys(SANDBOXES) as SandboxName[]) {
          try {
            const window = await session().open(sandbox, words);
            await use(window, program, "border", (ours, before, step, index) => {
              const pictures = { ours, native: expected[index] ?? empty, empty };
              const opened = step.menu && { ours: before, native: expected[index - 1] ?? empty };
              return opened ? menuDifference(pictures, opened, sandbox) : differenceInFrame(pictures, sandbox);
            });
          } finally {
            await session().closeAll();
          }
        }
      },
      DEADLINE_MS,
    );
  });
}
