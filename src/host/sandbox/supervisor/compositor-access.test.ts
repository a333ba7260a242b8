/** What a display process that was broken into cannot have: connections without end, and searches for the compositor at once. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { withDeadline } from "../../../../tests/support/deadline.ts";
import { CONNECTED, NOT_CONNECTED } from "../../../channel/contract/display-process.ts";
import type { OwnedFd } from "../../../sys/fd.ts";
import { watch } from "../../../sys/loop.ts";
import { receiveMessage, sendMessage, socketPair } from "../../../sys/socket.ts";
import type { CompositorRoute } from "../../display/compositor-route.ts";
import { unknownLayout } from "../../display/output-layout.ts";
import { CompositorAccess, MAX_CONNECTIONS_PER_SECOND } from "./compositor-access.ts";

const ANSWER_DEADLINE_MS = 5000;

let now = 0;
let open = 0;
let searches: PromiseWithResolvers<CompositorRoute>[] = [];
let asking: OwnedFd;
let access: CompositorAccess;

/** A way to a compositor that says nothing. */
function silentRoute(): CompositorRoute {
  open += 1;
  return {
    layout: unknownLayout,
    connect: () => {
      const [connection, compositor] = socketPair();
      compositor.close();
      return connection;
    },
    close: () => {
      open -= 1;
    },
  };
}

beforeEach(() => {
  [now, open, searches] = [0, 0, []];
  const [ours, theirs] = socketPair();
  asking = ours;
  access = new CompositorAccess(theirs, {
    route: silentRoute(),
    reopen: () => {
      const search = Promise.withResolvers<CompositorRoute>();
      searches.push(search);
      return search.promise;
    },
    onLayout: () => {},
    now: () => now,
  });
});
afterEach(() => {
  access.close();
  asking.close();
  expect(open).toBe(0);
});

/** Asks for a connection; resolves to the answer, and whether a connection came with it. */
async function ask(): Promise<{ answer: number | undefined; connection: boolean }> {
  sendMessage(asking, new Uint8Array(1));
  // The other end of the socket is served by this very process.
  await withDeadline<void>("waiting for an answer", ANSWER_DEADLINE_MS, (resolve) => {
    const waiting = watch(asking, { readable: true }, () => {
      waiting.close();
      resolve();
    });
    return () => waiting.close();
  });
  const answer = new Uint8Array(1);
  const received = receiveMessage(asking, answer, 1);
  if (received === "again") throw new Error("no answer came");
  for (const fd of received.fds) fd.close();
  return { answer: answer[0], connection: received.fds.length > 0 };
}
const given = { answer: CONNECTED, connection: true };
const refused = { answer: NOT_CONNECTED, connection: false };

test("so many connections in a second and no more; in the next there are some again", async () => {
  for (let made = 0; made < MAX_CONNECTIONS_PER_SECOND; made += 1) expect(await ask()).toEqual(given);
  expect(await ask()).toEqual(refused);
  now = 999;
  expect(await ask()).toEqual(refused);
  now = 1000;
  expect(await ask()).toEqual(given);
});

test("the compositor is looked for once at a time; meanwhile there are no connections", async () => {
  const first = access.reopen();
  await expect(access.reopen()).rejects.toMatchObject({ code: "unavailable" });
  expect(searches).toHaveLength(1);
  expect(open).toBe(0);
  expect(await ask()).toEqual(refused);
  searches[0]?.reject(new Error("it is not there"));
  await expect(first).rejects.toThrow("it is not there");
  const again = access.reopen();
  searches[1]?.resolve(silentRoute());
  expect(await again).toBeNull();
  expect(await ask()).toEqual(given);
});

test("a search that ends when nobody wants the compositor any more leaves nothing", async () => {
  const search = access.reopen();
  access.giveUp();
  searches[0]?.resolve(silentRoute());
  await expect(search).rejects.toMatchObject({ code: "cancelled" });
  await expect(access.reopen()).rejects.toMatchObject({ code: "unavailable" });
  expect(searches).toHaveLength(1);
  expect(open).toBe(0);
});
