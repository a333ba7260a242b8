/** A window out of a virtual machine survives its compositor, on both ways that pixels travel. */
import { describe, test } from "bun:test";
import { VirtualInput } from "../support/input.ts";
import { SANDBOXES, type SandboxName, type VmSession } from "./session.ts";

const DEADLINE_MS = 300_000;
/** A program under emulation that rests for so long has drawn all of it. */
const STILL_MS = 2_000;

export function testSurvival(session: () => VmSession): void {
  describe("the compositor is killed, and on the next one is the same picture:", () => {
    test.each(Object.keys(SANDBOXES) as SandboxName[])(
      "pixels by %s",
      async (sandbox) => {
        const { compositor } = session();
        // A terminal shows whether it has the focus, which takes a keyboard.
        const before = await VirtualInput.create(compositor.socketPath);
        const empty = await session().emptyPixels();
        await session().open(sandbox, ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 1000"]);
        // The next compositor does not know what was told to this one about floating windows.
        await compositor.swaymsg('[app_id=".*"] floating disable');
        const shown = await session().pixels((now) => !now.equals(empty), { stillMs: STILL_MS });
        await compositor.crash();
        before.close();
        await compositor.startAgain();
        using _after = await VirtualInput.create(compositor.socketPath);
        await session().pixels((now) => now.equals(shown));
        await session().closeAll();
      },
      DEADLINE_MS,
    );
  });
}
