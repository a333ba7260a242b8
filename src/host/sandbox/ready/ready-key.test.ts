import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_LOOKS } from "../../../channel/contract/agent.ts";
import type { PolicyFile } from "../../policy/parse.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";
import { readyKey, startKey } from "./ready-key.ts";

const folder = mkdtempSync(join(tmpdir(), "vitrine-ready-"));
const file = (name: string) => {
  writeFileSync(join(folder, name), name);
  return join(folder, name);
};
const SPEC: SupervisorSpec = {
  name: "try-1",
  colour: "blue",
  image: "demo",
  kernel: { version: "6", image: file("kernel"), initramfs: file("initramfs"), digest: "d" },
  toolsImage: file("tools"),
  appImage: file("apps"),
  layerImages: [file("layer")],
  home: null,
  network: { policy: { kind: "internet" }, trustNames: false },
  arena: null,
  snapshots: true,
  compositor: file("wayland-0"),
  driver: "qemu",
  confined: true,
  session: { environment: { LANG: "de_DE.UTF-8" }, looks: PLAIN_LOOKS },
  ready: null,
};
const POLICY = { path: "policy.conf", text: "" };
const START = { argv: ["app"], entry: null };
const key = (spec: Partial<SupervisorSpec> = {}, start: Partial<typeof START> = {}, policy: PolicyFile = POLICY) =>
  readyKey({ ...SPEC, ...spec }, { ...START, ...start }, policy, "1");

test("the key is the same for another name and colour, and for nothing else", () => {
  const usual = key();
  expect(key({ name: "try-2", colour: "red" })).toBe(usual);
  const others = [
    key({}, { argv: ["app", "--option"] }),
    readyKey(SPEC, { argv: ["app"], entry: { action: null } }, POLICY, "1"),
    readyKey(SPEC, START, POLICY, "2"),
    key({ network: null }),
    key({ network: { policy: { kind: "none" }, trustNames: false } }),
    key({ session: { ...SPEC.session, environment: { LANG: "C.UTF-8" } } }),
    key({ session: { ...SPEC.session, looks: { ...PLAIN_LOOKS, dark: true } } }),
    key({ layerImages: [] }),
    key({ compositor: file("wayland-1") }),
    key({ confined: false }),
    key({ memoryMib: 512 }),
    key({}, {}, { ...POLICY, text: "fullscreen deny" }),
  ];
  expect(new Set([usual, ...others]).size).toBe(others.length + 1);
});

test("a file that was written anew makes another key, and the start stays the same", () => {
  const before = key();
  rmSync(join(folder, "layer"));
  file("layer");
  expect(key()).not.toBe(before);
  expect(startKey(SPEC, START)).toBe(startKey({ ...SPEC, network: SPEC.network }, START));
  expect(startKey({ ...SPEC, network: null }, START)).not.toBe(startKey(SPEC, START));
  rmSync(folder, { recursive: true });
});
