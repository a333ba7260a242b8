import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_LOOKS } from "../../../channel/contract/agent.ts";
import { pipe } from "../../../sys/process.ts";
import { socketPair } from "../../../sys/socket.ts";
import type { SupervisorSpec } from "./supervisor-spec.ts";

const SPEC: SupervisorSpec = {
  name: "try-orphan",
  colour: "blue",
  image: "demo",
  kernel: { version: "6", image: "/missing", initramfs: "/missing", digest: "" },
  toolsImage: "/missing",
  appImage: "/missing",
  layerImages: [],
  home: null,
  network: null,
  arena: null,
  snapshots: false,
  compositor: null,
  driver: "qemu",
  confined: true,
  session: { environment: {}, looks: PLAIN_LOOKS },
  ready: null,
  trial: true,
};

test("a trial whose starter was killed before it could hear of it leaves no log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-supervisor-"));
  try {
    const [nobody, report] = pipe();
    const [gone, starter] = socketPair();
    nobody.close();
    gone.close();
    const child = Bun.spawn([process.execPath, join(import.meta.dirname, "supervisor-main.ts"), SPEC.name], {
      env: { ...process.env, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, "state") },
      stdio: [new Blob([JSON.stringify(SPEC)]), "ignore", "ignore", report.raw, starter.raw],
    });
    for (const fd of [report, starter]) fd.close();
    expect(await child.exited).toBe(0);
    expect(readdirSync(join(folder, "state/vitrine/logs"))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
