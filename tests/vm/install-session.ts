/** A user of an archive of the test's own, with a data home of the test's own. */
import { expect } from "bun:test";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownDataHome, ownEnvironment, vitrine } from "../../src/cli/test-support.ts";
import { png, SigningKey, TestArchive } from "../../src/host/catalog/test-support.ts";
import { ensureBase } from "../../src/host/image/base-image.ts";
import { ensureLocales } from "../../src/host/image/locale-data.ts";
import { publishPackages, type TestPackage } from "../support/test-packages.ts";

/** For the base, which is built if it must be, and for builders that boot under emulation beside others, in milliseconds. */
export const BUILD_DEADLINE_MS = 900_000;
export const INSTALL_DEADLINE_MS = 300_000;

const LOCALE = "de_DE.UTF-8";

const component = (id: string, packageName: string, name: string) => `---
Type: desktop-application
ID: ${id}.desktop
Package: ${packageName}
Name:
  C: ${name}
Summary:
  C: Does sums
Launchable:
  desktop-id: [${id}.desktop]
`;
const COMPONENTS =
  component("org.example.Calc", "calc", "Calculator") + component("org.example.Clash", "clash", "Clash");

const entry = (name: string, exec: string) =>
  `[Desktop Entry]\nType=Application\nName=${name}\nName[de]=${name} (de)\nExec=${exec}\nIcon=calc\nCategories=Utility;\n`;

const calc = (version: string): TestPackage => ({
  name: "calc",
  version,
  files: {
    // It edits the files that it opens.
    "usr/bin/calc": `#!/bin/sh\necho "calc ${version}: $*"; cat /etc/calc-was-set-up
for file; do if [ -f "$file" ]; then ls "\${file%/*}"; echo edited >> "$file"; fi; done\n`,
    "usr/share/applications/org.example.Calc.desktop": entry("Calculator", "calc %F"),
    "usr/share/icons/hicolor/48x48/apps/calc.png": png(48, 48),
  },
  // Where it runs, it is root, and nobody else's. As Java's, it makes a link among the manual pages, which are left out.
  postinst:
    "id -u > /etc/calc-was-set-up; touch -d @1600000000 /etc/calc-was-set-up; ln -s calc-tool.1.gz /usr/share/man/man1/calc.1.gz",
});

const PACKAGES: readonly TestPackage[] = [
  {
    name: "clash",
    version: "1",
    fields: ["Conflicts: calc"],
    files: { "usr/share/applications/org.example.Clash.desktop": entry("Clash", "true") },
  },
  { name: "tool", version: "3", files: { "usr/bin/tool": "#!/bin/sh\necho tool works\n" } },
  { name: "large", version: "1", files: { "usr/share/large/file": new Uint8Array(500_000_000).fill(97) } },
  {
    name: "broken",
    version: "1",
    files: { "usr/bin/broken": "#!/bin/sh\n" },
    postinst: "echo will not do >&2; exit 1",
  },
];

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

export class InstallSession {
  readonly folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  readonly archive: TestArchive;
  readonly environment: Record<string, string>;
  readonly #key = new SigningKey();

  private constructor(data: string) {
    this.archive = new TestArchive(this.#key);
    this.environment = {
      ...ownEnvironment(this.folder),
      XDG_DATA_HOME: data,
      // One that the guest does not have.
      LANG: LOCALE,
      XDG_CONFIG_HOME: join(this.folder, "config"),
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
    };
  }

  /** With the base of everyone else, and an archive that has version 1.0 of the calculator. */
  static async start(): Promise<InstallSession> {
    await ensureBase("trixie");
    const data = mkdtempSync(join(tmpdir(), "vitrine-vm-data-"));
    await ensureLocales([LOCALE]);
    await ownDataHome(data);
    mkdirSync(join(data, "data/fonts"));
    copyFileSync(
      execFileSync("fc-match", ["--format=%{file}"], { encoding: "utf8" }),
      join(data, "data/fonts/Own.ttf"),
    );
    // Fontconfig notes that folder down, where root may: fonts have changed for whoever looks before and after.
    execFileSync("fc-list", { env: { ...process.env, XDG_DATA_HOME: join(data, "data") } });
    rmSync(join(data, "data/vitrine/catalog"), { recursive: true, force: true });
    const session = new InstallSession(join(data, "data"));
    await session.publish("1.0");
    const source = { kind: "debian", suite: "trixie", archive: session.archive.address, keyring: session.#key.keyring };
    mkdirSync(join(session.folder, "config/vitrine"), { recursive: true });
    writeFileSync(join(session.folder, "config/vitrine/catalog.json"), JSON.stringify({ sources: [source] }));
    return session;
  }

  /** Has the archive offer that version of the calculator. */
  async publish(version: string): Promise<void> {
    await publishPackages(this.archive, this.folder, [calc(version), ...PACKAGES], COMPONENTS);
  }

  async stop(): Promise<void> {
    await this.run("stop", "--all", "--force");
    this.archive[Symbol.dispose]();
    this.#key[Symbol.dispose]();
    rmSync(this.folder, { recursive: true });
    rmSync(join(this.environment.XDG_DATA_HOME ?? "", ".."), { recursive: true });
  }

  /** Nothing is done in the background afterwards, unless `words` ask for it. */
  async run(...words: string[]): Promise<Ran> {
    const [command = "", ...rest] = words;
    const snapshots = ["install", "update"].includes(command) && !rest.includes("--snapshot");
    const all = snapshots ? [command, "--no-snapshot", ...rest] : words;
    const { status, out, errors } = await vitrine(all, this.environment);
    return { status, out: out.toString(), errors };
  }

  async succeed(...words: string[]): Promise<string> {
    const { status, out, errors } = await this.run(...words);
    expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
    return out;
  }

  /** What an app prints. The machine is booted: taking a snapshot of each layer would be most of the work here. */
  inApp(...words: string[]): Promise<string> {
    return this.succeed("run", "--no-display", "--no-snapshot", "--wait", ...words);
  }

  get store(): string {
    return join(this.environment.XDG_DATA_HOME ?? "", "vitrine");
  }

  inStore(prefix: string): string[] {
    return namesIn(this.store).filter((name) => name.startsWith(prefix) && !name.endsWith(".lock"));
  }

  sandboxes(): string[] {
    return namesIn(join(this.store, "sandboxes")).filter((name) => !name.endsWith(".lock"));
  }

  launchers(): string[] {
    return namesIn(join(this.store, "../applications")).filter((name) => name.startsWith("vitrine."));
  }

  config(name: string) {
    return JSON.parse(readFileSync(join(this.store, `sandboxes/${name}/sandbox.json`), "utf8"));
  }
}

export function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
