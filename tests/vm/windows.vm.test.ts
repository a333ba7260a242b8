/** Windows out of real virtual machines, on a headless desktop: what they show, and how they are used. */
import { afterAll, afterEach, beforeAll } from "bun:test";
import { VitrineError } from "../../src/base/error.ts";
import { testApps } from "./apps.ts";
import { testInteractions } from "./interactions.ts";
import { testPictures } from "./pictures.ts";
import { BOOT_DEADLINE_MS, BUILD_DEADLINE_MS, VmSession } from "./session.ts";
import { testSurvival } from "./survival.ts";

let session: VmSession | undefined;
beforeAll(async () => {
  session = await VmSession.start({ cursor: "hidden" });
}, BUILD_DEADLINE_MS);
afterAll(() => session?.stop(), BOOT_DEADLINE_MS);

// What a failed test has left would be taken for a window of the next one.
afterEach(() => session?.clear(), BOOT_DEADLINE_MS);

const started = (): VmSession => {
  if (session === undefined) throw new VitrineError("unavailable", "the session has not started");
  return session;
};
testPictures(started);
testApps(started);
// It makes windows float.
testInteractions(started);
// Last: what the session has on its first compositor is gone then.
testSurvival(started);
