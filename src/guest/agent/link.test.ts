import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectUnix, readSome } from "../../sys/socket.ts";
import { connectToHost, MAX_SILENT_HOSTS } from "./link.ts";

let folder: string;
let path: string;
let server: Server;
let connections: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-link-"));
  path = join(folder, "host");
  connections = 0;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function listen(silent: number): Promise<void> {
  server = createServer((socket) => {
    connections += 1;
    if (connections <= silent) socket.destroy();
    else socket.end("hello");
  });
  return new Promise((resolve) => server.listen(path, resolve));
}

test("a host that goes without a word was another machine's: the next one counts", async () => {
  await listen(3);
  using link = await connectToHost(() => connectUnix(path));
  const bytes = new Uint8Array(5);
  expect(readSome(link, bytes)).toBe(5);
  expect(new TextDecoder().decode(bytes)).toBe("hello");
  expect(connections).toBe(4);
});

test("hosts that all go without a word are given up", async () => {
  await listen(Number.POSITIVE_INFINITY);
  const outcome = await connectToHost(() => connectUnix(path)).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ code: "unavailable" });
  expect(connections).toBe(MAX_SILENT_HOSTS);
});

test("nobody there is an error at once", async () => {
  await listen(0);
  await expect(connectToHost(() => connectUnix(`${path}-not`))).rejects.toMatchObject({ code: "unavailable" });
});
