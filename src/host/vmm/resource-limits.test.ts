import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  limitProcess,
  MAX_MONITOR_TASKS,
  MONITOR_MEMORY_BYTES,
  monitorLimits,
  resourceLimitsMissing,
} from "./resource-limits.ts";

const kept = process.env.DBUS_SESSION_BUS_ADDRESS;
beforeEach(() => {
  process.env.DBUS_SESSION_BUS_ADDRESS = "unix:path=/nowhere/bus";
});
afterEach(() => {
  if (kept === undefined) delete process.env.DBUS_SESSION_BUS_ADDRESS;
  else process.env.DBUS_SESSION_BUS_ADDRESS = kept;
});

test("the monitor may take the guest's memory and some of its own, more under emulation", () => {
  const guest = 1024 ** 3;
  expect(monitorLimits(guest, "kvm")).toEqual({
    memoryBytes: guest + MONITOR_MEMORY_BYTES.kvm,
    tasks: MAX_MONITOR_TASKS,
  });
  expect(monitorLimits(guest, "tcg").memoryBytes).toBeGreaterThan(monitorLimits(guest, "kvm").memoryBytes + guest);
});

test("without systemd's user instance there is a reason, and nothing fails", async () => {
  expect(await limitProcess(process.pid, "test", monitorLimits(0, "kvm"))).toBeString();
  expect(resourceLimitsMissing(4_000_000)).toBeString();
});
