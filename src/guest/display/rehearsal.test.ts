import { expect, test } from "bun:test";
import { rehearseDisplay } from "./rehearsal.ts";
import { LinkHost } from "./test-support.ts";

test.each(["arena", "stream"] as const)(
  "a rehearsal shows pictures by way of %s and leaves nothing",
  async (pixels) => {
    // Room for the pictures of one rehearsal.
    using host = new LinkHost({ pixels, arenaBytes: 64 * 1024 });
    for (let time = 0; time < 3; time += 1) await rehearseDisplay(host.socketPath, host.mux);
    expect(host.display.connections).toBe(0);
    expect(host.mux.size).toBe(0);
    expect(host.notices).toEqual([]);
  },
);

test("a display that refuses ends the rehearsal with an error", async () => {
  using host = new LinkHost({ arenaBytes: 4096 });
  await expect(rehearseDisplay(host.socketPath, host.mux)).rejects.toThrow("Cannot rehearse");
});
