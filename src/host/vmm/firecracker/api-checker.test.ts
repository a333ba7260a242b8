import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FirecrackerChecker } from "./api-checker.test-support.ts";

/** That the checker refuses what Firecracker refuses: else the driver's tests would show nothing. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-fc-checker-"));
  writeFileSync(join(folder, "file"), "x");
});
afterAll(() => rmSync(folder, { recursive: true }));

const machine = { vcpu_count: 2, mem_size_mib: 128 };
const drive = () => ({
  drive_id: "a",
  path_on_host: join(folder, "file"),
  is_root_device: false,
  is_read_only: true,
});

function checker() {
  let started = false;
  const checked = new FirecrackerChecker({ version: "1.17.0", onStart: () => (started = true) });
  const ask = (method: string, path: string, body?: unknown, type = "application/json") =>
    checked.handle({ method, path, body: body === undefined ? "" : JSON.stringify(body), type }).status;
  return { ask, hasStarted: () => started };
}

test("fields: unknown, missing, of another type, out of bounds", () => {
  const { ask } = checker();
  expect(ask("PUT", "/machine-config", machine)).toBe(204);
  expect(ask("PUT", "/machine-config", { ...machine, cpus: 2 })).toBe(400);
  expect(ask("PUT", "/machine-config", { vcpu_count: 2 })).toBe(400);
  expect(ask("PUT", "/machine-config", { ...machine, vcpu_count: "2" })).toBe(400);
  expect(ask("PUT", "/machine-config", { ...machine, vcpu_count: 33 })).toBe(400);
  expect(ask("PUT", "/machine-config", { ...machine, smt: true, vcpu_count: 3 })).toBe(400);
  expect(ask("PUT", "/vsock", { guest_cid: 2, uds_path: "v" })).toBe(400);
  expect(ask("PUT", "/drives/a", { ...drive(), io_engine: "Fast" })).toBe(400);
  expect(ask("PUT", "/entropy", { rate_limiter: { bandwidth: { size: 1 } } })).toBe(400);
});

test("paths, ids, content and methods", () => {
  const { ask } = checker();
  expect(ask("PUT", "/drives/a", drive())).toBe(204);
  expect(ask("PUT", "/drives/b", drive())).toBe(400);
  expect(ask("PUT", "/drives/a-b", { ...drive(), drive_id: "a-b" })).toBe(400);
  expect(ask("PUT", "/drives/a", { ...drive(), path_on_host: join(folder, "none") })).toBe(400);
  expect(ask("PUT", "/machines", machine)).toBe(400);
  expect(ask("POST", "/machine-config", machine)).toBe(400);
  expect(ask("PUT", "/machine-config", machine, "text/plain")).toBe(400);
  expect(ask("PUT", "/pmem/a", { id: "a", path_on_host: join(folder, "file") })).toBe(400);
});

test("order: configure, then start, then nothing of that; a snapshot only into a fresh process", () => {
  const { ask, hasStarted } = checker();
  expect(ask("PUT", "/actions", { action_type: "InstanceStart" })).toBe(400);
  expect(ask("PUT", "/boot-source", { kernel_image_path: join(folder, "file") })).toBe(204);
  const load = { snapshot_path: "s", mem_backend: { backend_type: "File", backend_path: "m" } };
  expect(ask("PUT", "/snapshot/load", load)).toBe(400);
  expect(ask("PATCH", "/vm", { state: "Paused" })).toBe(400);
  expect(hasStarted()).toBe(false);
  expect(ask("PUT", "/actions", { action_type: "InstanceStart" })).toBe(204);
  expect(hasStarted()).toBe(true);
  expect(ask("PUT", "/machine-config", machine)).toBe(400);
  expect(ask("PUT", "/actions", { action_type: "InstanceStart" })).toBe(400);
  const saved = { mem_file_path: join(folder, "m"), snapshot_path: join(folder, "s") };
  expect(ask("PUT", "/snapshot/create", saved)).toBe(400);
  expect(ask("PATCH", "/vm", { state: "Paused" })).toBe(204);
  expect(ask("PUT", "/snapshot/create", saved)).toBe(204);
  expect(checker().ask("PUT", "/snapshot/load", load)).toBe(400);
  const mem_backend = { backend_type: "File", backend_path: saved.mem_file_path };
  expect(checker().ask("PUT", "/snapshot/load", { snapshot_path: saved.snapshot_path, mem_backend })).toBe(204);
});
