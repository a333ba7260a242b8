/** A program in a monitor's place, first in PATH, and the files of a machine for it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VmSpec } from "./driver.ts";

export const ARENA_BYTES = 4 * 1024 * 1024;

export interface MonitorFiles {
  readonly folder: string;
  spec(options?: Partial<VmSpec>): VmSpec;
  remove(): void;
}

/** `program` is the monitor's name, `main` the script that stands in for it; it reads VITRINE_CHECKER. */
export function layMonitorFiles(program: string, main: string): MonitorFiles {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-monitor-"));
  const path = process.env.PATH;
  writeFileSync(join(folder, program), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
  chmodSync(join(folder, program), 0o755);
  process.env.PATH = `${folder}:${path}`;
  const initramfs = ["pci-serial", "mmio-vsock", "pci-vsock"].map((platform) => `initramfs-${platform}`);
  for (const name of ["vmlinux", "probe", ...initramfs, "tools", "apps", "layer", "data"])
    writeFileSync(join(folder, name), name);
  return {
    folder,
    spec: (options = {}) => ({
      name: "test-1",
      kernel: {
        version: "6",
        image: join(folder, "vmlinux"),
        initramfs: join(folder, "initramfs-pci-serial"),
        digest: "",
      },
      toolsImage: join(folder, "tools"),
      workFolder: join(folder, "machine"),
      consoleLog: join(folder, "console"),
      // The script needs the runtime and this tree, which are not in a monitor's view.
      confined: false,
      ...options,
    }),
    remove: () => {
      process.env.PATH = path;
      delete process.env.VITRINE_CHECKER;
      delete process.env.VITRINE_CHECKER_VERSION;
      rmSync(folder, { recursive: true });
    },
  };
}

/** The shapes of machines that every driver must get accepted. */
export const MACHINE_SHAPES: readonly (readonly [name: string, options: (files: MonitorFiles) => Partial<VmSpec>])[] = [
  ["the least", () => ({})],
  ["with apps", ({ folder }) => ({ appImage: join(folder, "apps") })],
  [
    "with layers and a disk of its own",
    ({ folder }) => ({
      appImage: join(folder, "apps"),
      layerImages: [join(folder, "layer"), join(folder, "layer")],
      dataDisk: join(folder, "data"),
    }),
  ],
  ["small, one processor", () => ({ memoryMib: 128, cpus: 1 })],
  ["large, an odd number of processors", () => ({ memoryMib: 65_536, cpus: 7 })],
  ["more processors than Firecracker can have", ({ folder }) => ({ cpus: 64, appImage: join(folder, "apps") })],
];
