/** Whatever comes from Xwayland, from X programs through it, or from the display: the bridge ends, and nothing else does. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { VitrineError } from "../../base/error.ts";
import { sendMessage, socketPair } from "../../sys/socket.ts";
import { wl_display, wl_registry } from "../../wayland/generated/wayland.ts";
import { encode } from "../../wayland/message-writer.ts";
import { messageByName } from "../../wayland/types.ts";
import { X11Bridge } from "./bridge.ts";

const RUNS = 60;

/** Sends bytes to the three ends of a bridge; resolves with what ends it. Ends that have been written to are closed. */
async function feed(bytes: Partial<Record<"wayland" | "windowManager" | "display", Uint8Array>>): Promise<unknown> {
  const pairs = { wayland: socketPair(), windowManager: socketPair(), display: socketPair() };
  const ended = Promise.withResolvers<VitrineError | undefined>();
  const bridge = new X11Bridge({
    wayland: pairs.wayland[0],
    windowManager: pairs.windowManager[0],
    display: pairs.display[0],
    onEnded: ended.resolve,
  });
  for (const [name, sent] of Object.entries(bytes)) {
    const far = pairs[name as keyof typeof pairs][1];
    if (sent.length > 0) sendMessage(far, sent);
    far.close();
  }
  const error = await ended.promise;
  bridge.close();
  for (const [, far] of Object.values(pairs)) far.close();
  return error?.code;
}

const request = (name: string, ...args: (number | { interface: string; version: number; id: number })[]) => {
  const table = name === "bind" ? wl_registry : wl_display;
  const { opcode, message } = messageByName(table, "requests", name);
  return encode(name === "bind" ? 2 : 1, opcode, message, args);
};

test("any bytes from any side end it", async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const end = fc.constantFrom("wayland" as const, "windowManager" as const, "display" as const);
  await fc.assert(
    fc.asyncProperty(end, bytes, async (name, sent) => {
      expect([undefined, "protocol", "io", "limit"]).toContain((await feed({ [name]: sent })) as string | undefined);
    }),
    { seed: 20261130, numRuns: RUNS },
  );
});

test("Xwayland cannot bind what it was not offered, nor use the bridge's ids or an object twice", async () => {
  const registry = request("get_registry", 2);
  const bind = request("bind", 1, { interface: "xdg_wm_base", version: 1, id: 3 });
  expect(await feed({ wayland: new Uint8Array([...registry, ...bind]) })).toBe("protocol");
  expect(await feed({ wayland: request("sync", 0x8000_0000) })).toBe("protocol");
  expect(await feed({ wayland: new Uint8Array([...registry, ...registry]) })).toBe("protocol");
});

test("a side that leaves ends it", async () => {
  for (const name of ["wayland", "windowManager", "display"] as const)
    expect([undefined, "io"]).toContain((await feed({ [name]: new Uint8Array(0) })) as string | undefined);
});
