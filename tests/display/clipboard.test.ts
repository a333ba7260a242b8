/** The clipboard, both ways through the display: all kinds of data, of any size, byte for byte. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { closeSync, createReadStream, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { DisplayLoop, EVERYTHING_ALLOWED, policyOf } from "../support/display-loop.ts";
import { VirtualInput } from "../support/input.ts";
import { collect, endProcess } from "../support/processes.ts";

/** For 200 megabytes on a busy machine. */
const CARRY_DEADLINE_MS = 120_000;
setDefaultTimeout(CARRY_DEADLINE_MS + 10_000);
const MEGABYTE = 1024 * 1024;

let compositor: Compositor;
let input: VirtualInput;
let loop: DisplayLoop;

beforeAll(async () => {
  compositor = await Compositor.start({});
  input = await VirtualInput.create(compositor.socketPath);
  // wl-copy and wl-paste run without anybody pressing a key; policy.test.ts is about that.
  loop = new DisplayLoop(compositor, "arena", { policy: policyOf(EVERYTHING_ALLOWED) });
}, 60_000);
afterAll(async () => {
  loop[Symbol.dispose]();
  input.close();
  await compositor.stop();
});

type Environment = Record<string, string>;

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

let files = 0;

/** A file that the programs can read; `parts` are written one after the other. */
function source(parts: Iterable<Uint8Array | string>): string {
  const path = join(compositor.runtimeDir, `source-${files++}`);
  const fd = openSync(path, "w", 0o644);
  for (const part of parts) writeSync(fd, typeof part === "string" ? new TextEncoder().encode(part) : part);
  closeSync(fd);
  return path;
}

/** Data of which no part is like another. */
function* noise(megabytes: number): Iterable<Uint8Array> {
  const block = randomBytes(MEGABYTE);
  for (let count = 0; count < megabytes; count += 1) {
    block.writeUint32LE(count, count % (MEGABYTE - 4));
    yield block;
  }
}

/** wl-copy in one place, wl-paste in the other: whether what arrives is what was sent. */
async function carry(path: string, mimeType: string, from: Environment, to: Environment): Promise<void> {
  const wanted = await digest(path);
  const target = `${path}-pasted`;
  const copy = compositor.spawn("sh", ["-c", `exec wl-copy --foreground --type '${mimeType}' < ${path}`], from);
  try {
    // Asked again until the copy has been made: the two programs know nothing of each other.
    const got = await eventually("waiting for the paste", CARRY_DEADLINE_MS, async () => {
      const paste = compositor.spawn("sh", ["-c", `exec wl-paste --no-newline --type '${mimeType}' > ${target}`], to);
      const { status } = await collect(paste);
      return status === 0 && (await digest(target)) === wanted ? wanted : undefined;
    });
    expect(got).toBe(wanted);
  } finally {
    await endProcess(copy);
    rmSync(path);
    rmSync(target, { force: true });
  }
}

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const OFFICE =
  'application/x-openoffice-objectdescriptor-xml;windows_formatname="Star Object Descriptor (XML)";' +
  'classname="8BC6B165-B1B2-4EDD-aa47-dae2ee689dd6";typename="LibreOffice 24.8 Text Document";' +
  'viewaspect="1";width="17000";height="3000";posx="0";posy="0"';

const DATA: readonly (readonly [name: string, mimeType: string, parts: () => Iterable<Uint8Array | string>])[] = [
  ["one byte", "text/plain", () => ["x"]],
  ["many scripts", "text/plain;charset=utf-8", () => ["Größe – 日本語 – שלום – 😀\n".repeat(50)]],
  ["HTML", "text/html", () => ["<meta charset='utf-8'><b>bold</b> &amp; <i>italic</i>"]],
  ["a picture", "image/png", () => [Buffer.from(PNG, "base64")]],
  ["a list of files", "text/uri-list", () => ["file:///home/user/a%20b.txt\r\nfile:///home/user/%C3%A9.png\r\n"]],
  ["files to be moved", "x-special/gnome-copied-files", () => ["cut\nfile:///home/user/a%20b.txt"]],
  ["an office program's", OFFICE, () => [new Uint8Array([0, 1, 2, 255, 0])]],
  ["one megabyte", "application/octet-stream", () => noise(1)],
  ["200 megabytes", "application/octet-stream", () => noise(200)],
];

describe.each(DATA)("%s", (_name, mimeType, parts) => {
  test("guest to host", () => carry(source(parts()), mimeType, loop.environment, {}));
  test("host to guest", () => carry(source(parts()), mimeType, {}, loop.environment));
});

test("guest to guest, and between two sandboxes", async () => {
  await carry(source(["between apps"]), "text/plain", loop.environment, loop.environment);
  using other = new DisplayLoop(compositor, "stream", { sandbox: "other", policy: policyOf(EVERYTHING_ALLOWED) });
  await carry(source(noise(3)), "application/octet-stream", loop.environment, other.environment);
  await carry(source(noise(3)), "application/octet-stream", other.environment, loop.environment);
});

test("nothing was refused, and nothing is left under way", () => {
  expect(loop.notices).toEqual([]);
});
