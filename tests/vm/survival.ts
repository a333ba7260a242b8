/** A window out of a virtual machine survives its compositor, on both ways that pixels travel. */
import { describe, test } from "bun:test";
import { VirtualInput } from "../support/input.ts";
import { SANDBOXES, type SandboxName, type VmSession } from "./session.ts";

const DEADLINE_MS = 300_000;

export function testSurvival(session: () => VmSession): void {
  describe("the compositor is killed, and on the next one is the same picture:", () => {
    test.each(Object.keys(SANDBOXES) as SandboxName[])(
      "pixels by %s",
      async (sandbox) => {
        const { compositor } = session();
        // A terminal shows whether it has the focus, which takes a keyboard.
        const before = await VirtualInput.create(compositor.socketPath);
        const empty = await session().pixels();
        await session().open(sandbox, ["foot", "--override=cursor.blink=no", "sh", "-c", "seq 1 20; exec sleep 1000"]);
        const shown = await session().pixels((now) => !now.equals(empty));
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
