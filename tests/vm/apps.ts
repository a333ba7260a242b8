/** Apps in a virtual machine, used with the keyboard: a terminal, Qt 6 and SDL 2. */
import { expect, test } from "bun:test";
import { eventually } from "../support/deadline.ts";
import type { VmSession } from "./session.ts";

const DEADLINE_MS = 240_000;
/** For an app under emulation to take in what was typed. */
const REACTION_DEADLINE_MS = 60_000;
const SDL_KEY_PROGRAM = "/usr/libexec/installed-tests/SDL2/checkkeys";
/** What an open menu adds at least to the size of a picture, in bytes. */
const MENU_BYTES = 3_000;

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
