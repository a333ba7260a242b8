/** Apps of several toolkits in a virtual machine, used with the keyboard: a terminal, Qt 6, GTK 4 and SDL 2. */
import { expect, test } from "bun:test";
import { eventually } from "../support/deadline.ts";
import { HEIGHT, type VmSession, WIDTH } from "./session.ts";

const DEADLINE_MS = 240_000;
/** For an app under emulation to take in what was typed. */
const REACTION_DEADLINE_MS = 60_000;
const SDL_KEY_PROGRAM = "/usr/libexec/installed-tests/SDL2/checkkeys";
/** What an open menu adds at least to the size of a picture, in bytes. */
const MENU_BYTES = 3_000;
/** Middle of GNOME's title bar, in pixels from the top of the window. */
const TITLE_Y = 30;

export function testApps(session: () => VmSession): void {
  test(
    "keys typed into a terminal reach its shell",
    async () => {
      await session().open("arena", ["foot", "sh"]);
      // A key that comes before the shell reads is kept by the terminal.
      await session().input.typeText("echo 'The quick BROWN fox: 6*7=42 {[(~!@#$%^&*)]}' > /tmp/typed; exit\n");
      await session().closed();
      const typed = await session().run("exec", "arena", "--", "cat", "/tmp/typed");
      expect(typed.out.toString()).toBe("The quick BROWN fox: 6*7=42 {[(~!@#$%^&*)]}\n");
    },
    DEADLINE_MS,
  );

  test(
    "a Qt 6 editor takes text, opens its menu and quits by it",
    async () => {
      const { compositor, input } = session();
      await session().open("arena", ["featherpad"]);
      await session().picture();
      await input.typeText("typed");
      await compositor.sway.waitForWindow((window) => window.name === "*Untitled", REACTION_DEADLINE_MS);
      const before = await session().picture();
      await input.chord("alt", "f");
      await session().picture((now) => now.length > before.length + MENU_BYTES);
      await input.key("Escape");
      await session().picture((now) => now.length < before.length + MENU_BYTES);
      await session().run("exec", "arena", "--", "pkill", "featherpad");
      await session().closed();
    },
    DEADLINE_MS,
  );

  test(
    "a GTK 4 app is used with the pointer: a menu opens at its button",
    async () => {
      const { compositor, input } = session();
      const { id } = await session().open("arena", ["gnome-calculator"]);
      await compositor.swaymsg(`[con_id=${id}] floating enable, move absolute position 0 0`);
      const { rect } = await compositor.sway.waitFor("the window in its corner", (windows) =>
        windows.find((window) => window.rect.x === 0 && window.rect.width < WIDTH),
      );
      const plain = await session().picture();
      const grown = (now: Buffer) => now.length > plain.length + MENU_BYTES;
      await input.moveTo(rect.width / 2, TITLE_Y, WIDTH, HEIGHT);
      await input.click();
      await session().picture(grown);
      await input.key("Escape");
      await session().picture((now) => !grown(now));
      await session().closeAll();
    },
    DEADLINE_MS,
  );

  test(
    "a GTK 4 app opens a dialog with a key, and closes it with another",
    async () => {
      const { compositor, input } = session();
      const count = (wanted: number) =>
        compositor.sway.waitFor(
          `windows, ${wanted} of them`,
          (windows) => (windows.length === wanted ? true : undefined),
          REACTION_DEADLINE_MS,
        );
      const window = await session().open("arena", ["gtk4-widget-factory"]);
      expect(window.app_id).toBe("vitrine.arena.org.gtk.WidgetFactory4");
      await input.key("F1");
      await count(2);
      await input.key("Escape");
      await count(1);
      await session().closeAll();
    },
    DEADLINE_MS,
  );

  test(
    "an SDL 2 program gets keys and the text they make",
    async () => {
      await session().open("arena", [SDL_KEY_PROGRAM]);
      await session().input.typeText("aB");
      await eventually("waiting for the keys to arrive", REACTION_DEADLINE_MS, async () => {
        const log = (await session().run("logs", "arena")).out.toString();
        return log.includes('INPUT Text (\\x61): "a"') && log.includes('INPUT Text (\\x42): "B"') ? true : undefined;
      });
      await session().closeAll();
    },
    DEADLINE_MS,
  );
}
