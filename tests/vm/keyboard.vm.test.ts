/**
 * Dead keys and a compose key: what they make is told by tables that the image must have, also one whose packages do not
 * bring them.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { BOOT_DEADLINE_MS, BUILD_DEADLINE_MS, type TestImage, VmSession } from "./session.ts";

const FOOT: TestImage = { name: "vitrine-test-foot", packages: ["foot"] };
/** Evdev codes of the keys that the us layout has these on. */
const [KEY_EQUAL, KEY_E, KEY_APOSTROPHE, RIGHT_ALT] = [13, 18, 40, 100];

let session: VmSession | undefined;
beforeAll(async () => {
  session = await VmSession.start({ cursor: "hidden", image: FOOT });
}, BUILD_DEADLINE_MS);
afterAll(() => session?.stop(), BOOT_DEADLINE_MS);

test(
  "dead keys and a compose key make letters in a virtual machine",
  async () => {
    const { input } = session as VmSession;
    await session?.open("arena", ["foot", "sh", "-c", 'read -r a; printf %s "$a" > /tmp/typed']);
    await input.setLayout("de");
    for (const key of [KEY_EQUAL, KEY_E]) await input.keyByCode(key);
    await input.setLayout("us+compose(ralt)");
    for (const key of [RIGHT_ALT, KEY_APOSTROPHE, KEY_E]) await input.keyByCode(key);
    await input.key("Return");
    await session?.closed();
    const typed = await session?.run("exec", "arena", "--", "cat", "/tmp/typed");
    expect(typed?.out.toString()).toBe("\u00e9\u00e9");
  },
  BOOT_DEADLINE_MS,
);
