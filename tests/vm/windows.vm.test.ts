/** Windows out of real virtual machines, on a headless desktop: what they show, and how they are used. */
import { afterAll, beforeAll } from "bun:test";
import { testPictures } from "./pictures.ts";
import { BOOT_DEADLINE_MS, BUILD_DEADLINE_MS, VmSession } from "./session.ts";

let session: VmSession;
beforeAll(async () => {
  session = await VmSession.start();
}, BUILD_DEADLINE_MS);
afterAll(() => session.stop(), BOOT_DEADLINE_MS);

testPictures(() => session);
