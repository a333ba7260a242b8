/** Windows as the compositor has them: their names, their sizes when it changes them, and popups, as a native app's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Compositor } from "../support/compositor.ts";
import { DisplayLoop, PIXEL_PATHS } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { endProcess } from "../support/processes.ts";
import { stillPicture } from "../support/still-picture.ts";

/** For a busy machine; every wait inside has a deadline of its own. */
const DEADLINE_MS = 90_000;
const [WIDTH, HEIGHT] = [1280, 800];

let compositor: Compositor;
let input: VirtualInput;
let empty: Buffer;
beforeAll(async () => {
  compositor = await Compositor.start({ width: WIDTH, height: HEIGHT, swayConfig: "seat seat0 hide_cursor 1" });
  input = await VirtualInput.create(compositor.socketPath);
  empty = await stillPicture(compositor);
}, 60_000);
afterAll(async () => {
  input.close();
  await compositor.stop();
});

type Environment = Readonly<Record<string, string>>;

/** What `act` returns while an app shows its window. */
async function withApp<T>(command: readonly string[], environment: Environment, act: () => Promise<T>): Promise<T> {
  const [program = "", ...args] = command;
  const app = compositor.spawn(program, args, environment);
  try {
    await compositor.sway.waitFor(`the window of "${program}"`, (windows) => windows[0]);
    await stillPicture(compositor, (now) => !now.equals(empty));
    return await act();
  } finally {
    await endProcess(app);
    await stillPicture(compositor, (now) => now.equals(empty));
  }
}

/** The same on the compositor itself and through the display by both pixel paths: nothing may differ. */
async function expectAsNative<T>(look: (environment: Environment) => Promise<T>): Promise<void> {
  const native = await look({});
  for (const pixels of PIXEL_PATHS) {
    using loop = new DisplayLoop(compositor, pixels);
    expect({ pixels, seen: Bun.deepEquals(await look(loop.environment), native) }).toEqual({ pixels, seen: true });
    expect(loop.notices).toEqual([]);
  }
}

const FOOT = ["foot", "--override=cursor.blink=no", "--app-id=terminal", "--title=Fenêtre ☃", "sh", "-c"];

test(
  "a window has its title, and an app id that names the sandbox",
  async () => {
    for (const pixels of PIXEL_PATHS) {
      using loop = new DisplayLoop(compositor, pixels);
      await withApp([...FOOT, "exec sleep 60"], loop.environment, async () => {
        const [window] = await compositor.sway.windows();
        expect(window?.app_id).toBe("vitrine.test.terminal");
        expect(window?.name).toBe("Fenêtre ☃");
        expect(loop.host.windows).toBe(1);
      });
      expect(loop.host.windows).toBe(0);
    }
  },
  DEADLINE_MS,
);

test(
  "a window that the compositor resizes and moves is drawn as a native one",
  async () => {
    const command = [...FOOT, "seq 1 100; exec sleep 60"];
    await expectAsNative((environment) =>
      withApp(command, environment, async () => {
        const pictures: Buffer[] = [await stillPicture(compositor)];
        for (const change of ["floating enable, resize set 500 300, move position 10 10", "resize set 801 433"]) {
          await compositor.swaymsg(change);
          const before = pictures[pictures.length - 1] ?? empty;
          pictures.push(await stillPicture(compositor, (now) => !now.equals(before)));
        }
        return pictures;
      }),
    );
  },
  DEADLINE_MS,
);

test(
  "a menu opens where a native app's does, and closes with a click beside it",
  async () => {
    await expectAsNative((environment) =>
      withApp(["weston-terminal"], { ...environment, SHELL: "/bin/sh" }, async () => {
        await compositor.swaymsg("floating enable, resize set 640 480, move position 300 200");
        await input.moveTo(500, 400, WIDTH, HEIGHT);
        const before = await stillPicture(compositor);
        await input.click("right");
        const menu = await stillPicture(compositor, (now) => !now.equals(before));
        await input.moveTo(900, 300, WIDTH, HEIGHT);
        await input.click("left");
        const after = await stillPicture(compositor, (now) => !now.equals(menu));
        await input.moveTo(WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT);
        return [before, menu, after];
      }),
    );
  },
  DEADLINE_MS,
);
