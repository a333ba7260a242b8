/** A program that knows only X11, in a virtual machine: Xwayland is started for it, and its window is one of the desktop's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { eventually } from "../support/deadline.ts";
import { BOOT_DEADLINE_MS, BUILD_DEADLINE_MS, type TestImage, VmSession } from "./session.ts";

const XTERM: TestImage = { name: "vitrine-test-x11", packages: ["xterm", "xwayland"] };
const REACTION_DEADLINE_MS = 60_000;

let session: VmSession | undefined;
beforeAll(async () => {
  session = await VmSession.start({ cursor: "hidden", image: XTERM });
}, BUILD_DEADLINE_MS);
afterAll(() => session?.stop(), BOOT_DEADLINE_MS);

test(
  "an X11 program shows its window, takes keys, and is there again after its X server was killed",
  async () => {
    const { input } = session as VmSession;
    const runInside = async (...words: string[]) =>
      (await session?.run("exec", "arena", "--", ...words))?.out.toString().trim();
    const window = await session?.open("arena", ["xterm", "-T", "X here", "-e", "sh"]);
    expect(window).toMatchObject({ name: "X here", app_id: "vitrine.arena.XTerm" });
    await session?.picture();
    await input.typeText("echo $DISPLAY 'typed: {[(~!@#$%^&*)]}' > /tmp/typed\n");
    await eventually("waiting for what is typed", REACTION_DEADLINE_MS, async () =>
      (await runInside("cat", "/tmp/typed")) === ":0 typed: {[(~!@#$%^&*)]}" ? true : undefined,
    );
    await runInside("sh", "-c", "kill -9 $(grep -l Xwayland /proc/[0-9]*/comm | cut -d/ -f3)");
    await session?.closed();
    expect(await session?.open("arena", ["xterm", "-T", "X again"])).toMatchObject({ name: "X again" });
    await session?.closeAll();
  },
  BOOT_DEADLINE_MS * 2,
);
