/**
 * The same program, once on the host and once in a virtual machine, by both ways that pixels travel: the pictures must
 * not differ in one byte, the frame aside. Only programs whose picture is the same every time can tell; animated ones are
 * left out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { VitrineError } from "../../src/base/error.ts";
import { differenceInFrame, makeRoomForFrame } from "../support/framed.ts";
import type { Pixels } from "../support/pixels.ts";
import { endProcess } from "../support/processes.ts";
import { SANDBOXES, type SandboxName, type VmSession } from "./session.ts";

const CLIENTS: readonly (readonly [name: string, ...args: string[]])[] = [
  ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 1000"],
  ["weston-scaler"],
  ["weston-clickdot"],
  ["weston-eventdemo"],
  ["weston-transformed"],
  ["weston-resizor"],
  ["weston-cliptest"],
  ["weston-terminal", "--shell=/bin/cat"],
  ["weston-image", "/usr/share/icons/hicolor/48x48/apps/foot.png"],
];
const DEADLINE_MS = 600_000;
/** A native program that rests for so long has drawn all of it. */
const STILL_MS = 300;

export function testPictures(session: () => VmSession): void {
  describe.each([1, 2] as const)("at scale %d, the picture out of a virtual machine is the native one:", (scale) => {
    let empty: Pixels;
    beforeAll(async () => {
      await session().compositor.swaymsg(`output HEADLESS-1 scale ${scale}`);
      empty = await session().emptyPixels();
    }, DEADLINE_MS);
    afterAll(() => session().compositor.swaymsg("output HEADLESS-1 scale 1"));

    async function nativePicture(words: readonly string[]): Promise<Pixels> {
      const { compositor, native } = session();
      await makeRoomForFrame(compositor, true);
      const app = compositor.spawn(...native.command(words, compositor.runtimeDir));
      const picture = await session().pixels((now) => !now.equals(empty), { stillMs: STILL_MS });
      await endProcess(app);
      await session().pixels((now) => now.equals(empty));
      await makeRoomForFrame(compositor, false);
      return picture;
    }

    /** How a program in a sandbox differs for good from what it shows natively, however late it draws under emulation. */
    async function differenceInVm(
      sandbox: SandboxName,
      words: readonly string[],
      native: Pixels,
    ): Promise<string | undefined> {
      await session().open(sandbox, words);
      let difference: string | undefined;
      try {
        await session().pixels((ours) => {
          difference = differenceInFrame({ ours, native, empty }, sandbox, scale);
          return difference === undefined;
        });
      } catch (error) {
        if (VitrineError.from(error).code !== "timeout") throw error;
      } finally {
        await session().closeAll();
      }
      return difference;
    }

    test.each(CLIENTS)(
      "%s",
      async (...words) => {
        const native = await nativePicture(words);
        for (const sandbox of Object.keys(SANDBOXES) as SandboxName[]) {
          const difference = await differenceInVm(sandbox, words, native);
          expect({ sandbox, difference }).toEqual({ sandbox, difference: undefined });
        }
      },
      DEADLINE_MS,
    );
  });
}
