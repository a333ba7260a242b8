/** What is refused before a machine starts: damaged images, a full disk, no desktop. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { ownEnvironment, VITRINE, vitrine } from "../../src/cli/test-support.ts";

/** The packages of the demo, so that all share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const IMAGE = "vitrine-test";
/** In milliseconds; a build, if it must be, takes minutes. */
const BUILD_DEADLINE_MS = 900_000;
const DEADLINE_MS = 60_000;
const REAL_DATA_HOME = process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share");

let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  environment = {
    ...ownEnvironment(folder),
    XDG_DATA_HOME: REAL_DATA_HOME,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"),
  };
  const { status, errors } = await vitrine(["image", "build", IMAGE, "--packages", PACKAGES], environment);
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
}, BUILD_DEADLINE_MS);
afterAll(() => rmSync(folder, { recursive: true }));

/** A data home like the real one, but for the file of the image, to which `damage` is done. */
function damagedDataHome(name: string, damage: (file: string, bytes: number) => void): string {
  const real = join(REAL_DATA_HOME, "vitrine");
  const { key, bytes } = JSON.parse(readFileSync(join(real, "images", `${IMAGE}.json`), "utf8"));
  const home = join(folder, name);
  const copy = join(home, "vitrine");
  mkdirSync(join(copy, `image-${key}`), { recursive: true });
  cpSync(join(real, "images"), join(copy, "images"), { recursive: true });
  for (const entry of readdirSync(real)) {
    // The folder of sandboxes may not be a link.
    if (!["images", "sandboxes", `image-${key}`].includes(entry)) symlinkSync(join(real, entry), join(copy, entry));
  }
  copyFileSync(join(real, `image-${key}`, "made.json"), join(copy, `image-${key}`, "made.json"));
  copyFileSync(join(real, `image-${key}`, "made.json"), join(copy, `image-${key}`, "image.erofs"));
  damage(join(copy, `image-${key}`, "image.erofs"), bytes);
  return home;
}

test.each([
  ["cut short", (file: string, bytes: number) => truncateSync(file, bytes - 4096), /has \d+ bytes, \d+ wanted/],
  ["of the right size but other content", (file: string, bytes: number) => truncateSync(file, bytes), /digest differs/],
  ["missing", (file: string) => rmSync(file), /its file is missing/],
] as const)(
  "an image file that is %s is refused, with the command that builds it again",
  async (name, damage, message) => {
    const home = damagedDataHome(name, damage);
    const words = ["run", "--image", IMAGE, "--no-display", "--", "true"];
    const { status, errors } = await vitrine(words, { ...environment, XDG_DATA_HOME: home });
    expect(status).toBe(65);
    expect(errors).toMatch(message);
    expect(errors).toContain(`fix: vitrine image build ${IMAGE} `);
    expect((await vitrine(["list", "--json"], environment)).out.toString().trim()).toBe("[]");
  },
  DEADLINE_MS,
);

test(
  "a disk without room is told, and no half image stays",
  () => {
    // A small file system in a mount namespace of its own, which goes with its last process.
    const small = join(folder, "small");
    mkdirSync(small);
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const script =
      'mount -t tmpfs -o size=64m none "$XDG_DATA_HOME" || exit 99; "$@"; status=$?; ls "$XDG_DATA_HOME/vitrine"; exit $status';
    const words = [...VITRINE, "image", "build", "full", "--packages", "foot"];
    const { status, stdout, stderr } = spawnSync("unshare", [...user, "--mount", "sh", "-c", script, "sh", ...words], {
      env: { ...environment, XDG_DATA_HOME: small },
      encoding: "utf8",
      timeout: DEADLINE_MS,
    });
    expect(stderr).toMatch(/MiB free, \d+ MiB wanted/);
    expect(stderr).toContain("fix: free disk space");
    expect(status).toBe(74);
    // Lock files, and the folder of names, which is empty or not there.
    expect(stdout.split("\n").filter((name) => /^image-/.test(name) && !name.endsWith(".lock"))).toEqual([]);
    expect(readdirSync(small)).toEqual([]);
  },
  DEADLINE_MS,
);

test(
  "no desktop is told before anything starts",
  async () => {
    const { status, errors } = await vitrine(["run", "--image", IMAGE, "--", "foot"], environment);
    expect(status).toBe(69);
    expect(errors).toContain("WAYLAND_DISPLAY");
    expect((await vitrine(["list", "--json"], environment)).out.toString().trim()).toBe("[]");
  },
  DEADLINE_MS,
);
