import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudHypervisorChecker } from "./api-checker.test-support.ts";

/** That the checker refuses what cloud-hypervisor refuses: else the driver's tests would show nothing. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-ch-checker-"));
  writeFileSync(join(folder, "file"), "x");
});
afterAll(() => rmSync(folder, { recursive: true }));

const machine = () => ({ payload: { kernel: join(folder, "file") } });

function checker() {
  const checked = new CloudHypervisorChecker(() => {});
  return (method: string, path: string, body?: unknown) =>
    checked.handle({
      method,
      path: `/api/v1${path}`,
      body: body === undefined ? "" : JSON.stringify(body),
      type: "application/json",
    }).status;
}

test("fields: unknown, missing, of another type, that contradict each other", () => {
  const refused = [
    {},
    { ...machine(), cpu: {} },
    { ...machine(), cpus: { boot_vcpus: 2 } },
    { ...machine(), cpus: { boot_vcpus: 2, max_vcpus: 1 } },
    { ...machine(), memory: { size: "1G" } },
    { ...machine(), vsock: { cid: 2, socket: "v" } },
    { ...machine(), serial: { mode: "File" } },
    { ...machine(), disks: [{ path: join(folder, "none") }] },
    { ...machine(), pmem: [{ file: join(folder, "file") }] },
    { ...machine(), fs: [{ tag: "a", socket: join(folder, "file"), num_queues: 1, queue_size: 1024 }] },
  ];
  for (const body of refused) expect(checker()("PUT", "/vm.create", body)).toBeGreaterThanOrEqual(400);
  expect(checker()("PUT", "/vm.create", machine())).toBe(204);
});

test("order: create once, then boot once", () => {
  const ask = checker();
  expect(ask("PUT", "/vm.boot")).toBe(404);
  expect(ask("GET", "/vm.info")).toBe(404);
  expect(ask("PUT", "/vm.create", machine())).toBe(204);
  expect(ask("PUT", "/vm.create", machine())).toBe(404);
  expect(ask("PUT", "/vm.boot", {})).toBe(400);
  expect(ask("PUT", "/vm.boot")).toBe(204);
  expect(ask("PUT", "/vm.boot")).toBe(404);
  expect(ask("PUT", "/vm.snapshot", {})).toBe(404);
  expect(ask("PUT", "/vm.pause")).toBe(204);
  expect(ask("PUT", "/vm.snapshot", { destination_url: "file:///s" })).toBe(204);
  expect(ask("POST", "/vm.resume")).toBe(404);
});
