import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memfdCreate } from "../../sys/memory.ts";
import { socketPair } from "../../sys/socket.ts";
import type { VmSpec } from "../vmm/driver.ts";
import { QemuDriver } from "../vmm/qemu/qemu-driver.ts";
import { snapshotKey } from "./snapshot-key.ts";

let folder: string;
let spec: VmSpec;
let before: string | undefined;
const file = (name: string) => join(folder, name);
const key = (changes: Partial<VmSpec> = {}) => snapshotKey(new QemuDriver(), { ...spec, ...changes });

beforeAll(() => {
  before = process.env.VITRINE_ACCELERATOR;
  process.env.VITRINE_ACCELERATOR = "tcg";
  folder = mkdtempSync(join(tmpdir(), "vitrine-key-"));
  for (const name of ["kernel", "initramfs", "tools", "apps", "other"]) writeFileSync(file(name), name);
  spec = {
    name: "one",
    kernel: { version: "6", image: file("kernel"), initramfs: file("initramfs"), digest: "" },
    toolsImage: file("tools"),
    appImage: file("apps"),
    consoleLog: "/console",
    workFolder: "/machine",
    confined: true,
  };
});
afterAll(() => {
  if (before === undefined) delete process.env.VITRINE_ACCELERATOR;
  else process.env.VITRINE_ACCELERATOR = before;
  rmSync(folder, { recursive: true });
});

test("sandboxes of one image share a key, whatever they are called and wherever they log", async () => {
  const first = await key();
  expect(first).toMatch(/^[0-9a-f]{16}$/);
  expect(await key({ name: "two", consoleLog: "/elsewhere" })).toBe(first);
});

test("two arenas of one size are alike; of another size, or none, they are not", async () => {
  using arena = memfdCreate("one", 2 * 1024 * 1024);
  using alike = memfdCreate("two", 2 * 1024 * 1024);
  using larger = memfdCreate("three", 4 * 1024 * 1024);
  const first = await key({ arena });
  expect(await key({ arena: alike })).toBe(first);
  expect(await key({ arena: larger })).not.toBe(first);
  expect(await key()).not.toBe(first);
});

test("whatever else a machine is made of makes another key", async () => {
  const keys = [
    await key(),
    await key({ memoryMib: 2048 }),
    await key({ cpus: 3 }),
    await key({ appImage: file("other") }),
    await key({ toolsImage: file("other") }),
    await key({ layerImages: [file("other")] }),
    await key({ dataDisk: file("other") }),
    await key({ kernel: { ...spec.kernel, image: file("other") } }),
    await key({ kernel: { ...spec.kernel, initramfs: file("other") } }),
  ];
  process.env.VITRINE_ACCELERATOR = "kvm";
  keys.push(await key());
  process.env.VITRINE_ACCELERATOR = "tcg";
  expect(new Set(keys).size).toBe(keys.length);
});

test("a file that was written anew in its place makes another key", async () => {
  const first = await key();
  rmSync(file("apps"));
  writeFileSync(file("apps"), "apps");
  expect(await key()).not.toBe(first);
});

test("disks that sandboxes have of their own make no difference but by their size", async () => {
  const [one, two, larger] = ["disk one", "disk two", "larger disk"].map((content) => {
    writeFileSync(file(content), content);
    return file(content);
  }) as [string, string, string];
  const first = await key({ dataDisk: one });
  expect(await key({ dataDisk: two })).toBe(first);
  writeFileSync(one, "DISK ONE");
  expect(await key({ dataDisk: one })).toBe(first);
  expect(await key({ dataDisk: larger })).not.toBe(first);
});

test("a network card makes a difference, what is behind it makes none", async () => {
  const [[one, other], [two, another]] = [socketPair(), socketPair()];
  const first = await key({ network: one });
  expect(await key({ network: two })).toBe(first);
  expect(await key()).not.toBe(first);
  for (const fd of [one, other, two, another]) fd.close();
});

test("another monitor makes another key", async () => {
  const first = await key();
  const path = process.env.PATH;
  try {
    writeFileSync(file("qemu-system-x86_64"), "another", { mode: 0o755 });
    process.env.PATH = `${folder}:${path}`;
    expect(await key()).not.toBe(first);
  } finally {
    process.env.PATH = path;
  }
});
