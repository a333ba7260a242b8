/** The clipboard, both ways through the display: text of any size, byte for byte. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  loop = new DisplayLoop(compositor, "arena");
}, 60_000);
afterAll(async () => {
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

const digest = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ["one byte", "x"],
  ["many scripts", "Größe – 日本語 – שלום – 😀\n".repeat(50)],
  ["one megabyte", "0123456789abcdef".repeat(65_536)],
];
let files = 0;

/** wl-copy in one place, wl-paste in the other: what arrives. */
async function carry(text: string, from: Record<string, string>, to: Record<string, string>): Promise<Buffer> {
  const source = join(compositor.runtimeDir, `copy-${files}`);
  const target = join(compositor.runtimeDir, `paste-${files++}`);
  writeFileSync(source, text, { mode: 0o644 });
  compositor.spawn("sh", ["-c", `wl-copy --foreground --type text/plain < ${source}`], from);
  // Asked again until the copy has been made: the two programs know nothing of each other.
  const paste = `until wl-paste --no-newline --type text/plain > ${target}.part 2>/dev/null && [ "$(wc -c < ${target}.part)" = ${Buffer.byteLength(text)} ]; do sleep 0.1; done; mv ${target}.part ${target}`;
  compositor.spawn("sh", ["-c", paste], to);
  return await eventually("waiting for the paste", 30_000, () => {
    try {
      return readFileSync(target);
    } catch {
      return undefined;
    }
  });
}

test.each(TEXTS)(
  "guest to host: %s",
  async (_name, text) => {
    expect(digest(await carry(text, loop.environment, {}))).toBe(digest(text));
  },
  45_000,
);

test.each(TEXTS)(
  "host to guest: %s",
  async (_name, text) => {
    expect(digest(await carry(text, {}, loop.environment))).toBe(digest(text));
  },
  45_000,
);

test("guest to guest", async () => {
  expect(digest(await carry("between apps", loop.environment, loop.environment))).toBe(digest("between apps"));
}, 45_000);
