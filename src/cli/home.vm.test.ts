/** Homes in real virtual machines: what stays, what does not, and what a guest cannot do with its disk. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { endSnapshotTakers } from "../../tests/support/snapshot-takers.ts";
import { ownDataHome, ownEnvironment, VITRINE, vitrine } from "./test-support.ts";

/** The packages of the demo, so that both share one image. */
const PACKAGES = "adwaita-icon-theme,fonts-dejavu-core,foot,gnome-calculator";
const IMAGE = "vitrine-test";
/** For a machine that is built, or boots under emulation beside others, in milliseconds. */
const BUILD_DEADLINE_MS = 900_000;
const BOOT_DEADLINE_MS = 240_000;
const HOME_BYTES = 256_000_000;

let folder: string;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-vm-"));
  const shared = { XDG_DATA_HOME: process.env.XDG_DATA_HOME ?? join(homedir(), ".local/share") };
  environment = { ...ownEnvironment(folder), XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache") };
  const { status, errors } = await vitrine(["image", "build", IMAGE, "--packages", PACKAGES], {
    ...environment,
    ...shared,
  });
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
  environment.XDG_DATA_HOME = await ownDataHome(folder);
}, BUILD_DEADLINE_MS);
afterAll(async () => {
  await run("stop", "--all", "--force");
  await endSnapshotTakers(join(folder, "data"));
  rmSync(folder, { recursive: true });
});

const run = (...words: string[]) => vitrine(words, environment);
const homeFile = () => join(folder, "data/vitrine/sandboxes/letters/home.raw");

/** Runs a script in the sandbox "letters", which starts if it does not run; returns what it prints. */
async function inSandbox(script: string): Promise<string> {
  const words = ["run", "--sandbox", "letters", "--no-display", "--no-snapshot", "--wait", "--", "sh", "-c", script];
  const { status, out, errors } = await run(...words);
  expect({ status, errors: status === 0 ? "" : errors }).toEqual({ status: 0, errors: "" });
  return out.toString();
}

/** The same as root, in the sandbox that runs. */
async function asRoot(script: string) {
  const { status, out, errors } = await run("exec", "--user", "root", "letters", "--", "sh", "-c", script);
  return { status, out: out.toString(), errors };
}

describe("a sandbox with a home", () => {
  test(
    "has an empty home of its own, on a disk without devices and set-uid programs",
    async () => {
      const { status, errors } = await run("create", "letters", "--image", IMAGE, "--disk", `${HOME_BYTES / 1e6}M`);
      expect({ status, errors }).toEqual({ status: 0, errors: "" });
      expect(await inSandbox("stat -c '%U %a' ~; ls ~; pwd")).toBe("user 700\n/home/user\n");
      expect(await inSandbox("grep ' /home/user ' /proc/mounts")).toMatch(
        /^\/dev\/vdc \/home\/user ext4 rw,nosuid,nodev,/,
      );
      expect(await inSandbox("ls -A ~/..; id -u")).toBe("user\n1000\n");
      expect((await run("create", "letters", "--image", IMAGE)).status).toBe(73);
      expect((await run("run", "--image", IMAGE, "--name", "letters", "--no-display", "--", "true")).errors).toContain(
        "vitrine run --sandbox letters",
      );
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "keeps the home, and nothing else, when it stops",
    async () => {
      await inSandbox(
        "echo kept > ~/kept; ln -s /etc ~/link; mkdir -p ~/.config/app; dd if=/dev/urandom of=$HOME/big bs=1M count=20",
      );
      const before = await inSandbox("sha256sum ~/big");
      const left = "/etc/gone /usr/bin/gone /var/gone /opt/gone";
      expect((await asRoot(`for file in ${left}; do echo gone > $file; done`)).status).toBe(0);
      expect((await run("stop", "letters")).status).toBe(0);
      expect(await inSandbox("cat ~/kept; readlink ~/link; stat -c %U ~/.config/app")).toBe("kept\n/etc\nuser\n");
      expect(await inSandbox("sha256sum ~/big")).toBe(before);
      expect((await asRoot(`ls ${left}`)).out).toBe("");
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "gives room back that is not used any more, and has kept what was flushed when its machine was killed",
    async () => {
      const allocated = () => statSync(homeFile()).blocks * 512;
      expect(allocated()).toBeGreaterThan(20e6);
      await inSandbox("rm ~/big; sync; echo safe > ~/safe; sync ~/safe");
      expect(allocated()).toBeLessThan(20e6);
      const [sandbox] = JSON.parse((await run("list", "--json")).out.toString());
      process.kill(sandbox.monitorPid, "SIGKILL");
      while ((await run("list", "--running", "--json")).out.toString() !== "[]\n") await Bun.sleep(50);
      expect((await run("resize", "letters", "512M")).status).toBe(0);
      expect(await inSandbox("cat ~/safe ~/kept")).toBe("safe\nkept\n");
      // The file system has grown with its disk.
      expect(Number(await inSandbox("df --output=size -B1 ~ | tail -n 1"))).toBeGreaterThan(1.7 * HOME_BYTES);
      expect(await inSandbox("dd if=/dev/zero of=$HOME/full bs=1M 2>&1 | grep -c 'No space left'; rm ~/full")).toBe(
        "1\n",
      );
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "whose disk a hostile guest has made look like an image gets no root from it",
    async () => {
      // Device nodes of the guest's root are as good as the agent's; the base image is on the second disk.
      const script =
        "mknod /dev/b b 254 16; mknod /dev/c b 254 32; dd if=/dev/b of=/dev/c bs=1M count=8 conv=fsync 2>&1";
      expect((await asRoot(script)).status).toBe(0);
      await run("stop", "letters", "--force");
      const words = ["run", "--sandbox", "letters", "--no-display", "--no-snapshot", "--", "true"];
      const { status, errors } = await run(...words);
      expect(status).toBe(65);
      expect(errors).toContain("the file system of its disk cannot be mended");
      // What the kernel says of a disk that is mounted as an image already. That it found ext4 there broken is right:
      // the guest may have written its superblock again before it was stopped.
      expect((await run("logs", "--console", "letters")).out.toString()).not.toContain("/dev/vdc: Can't open");
    },
    BOOT_DEADLINE_MS,
  );

  test(
    "is removed with every trace",
    async () => {
      expect((await run("image", "remove", IMAGE)).errors).toContain('sandbox "letters" needs it');
      expect((await run("permissions", "letters", "fullscreen", "allow")).status).toBe(0);
      const permissions = join(folder, ".config/vitrine/policy.d");
      expect(readdirSync(permissions)).toEqual(["letters.conf"]);
      expect((await run("remove", "letters")).errors).toContain("fix: add --yes");
      expect(await run("remove", "--yes", "letters")).toMatchObject({ status: 0, errors: "" });
      expect(readdirSync(join(folder, "data/vitrine/sandboxes"))).toEqual([]);
      expect(readdirSync(join(folder, "state/vitrine/logs"))).toEqual([]);
      expect(readdirSync(permissions)).toEqual([]);
      expect((await run("run", "--sandbox", "letters", "--no-display", "--", "true")).status).toBe(66);
    },
    BOOT_DEADLINE_MS,
  );
});

test(
  "an app that is tried leaves nothing",
  async () => {
    const script = "echo home > ~/file; echo out; exit 5";
    const { status, out } = await run("try", "--no-display", IMAGE, "--", "sh", "-c", script);
    expect({ status, out: out.toString() }).toEqual({ status: 5, out: "out\n" });
    expect((await run("list")).errors).toBe("No app is installed, and no sandbox runs.\n");
    // A snapshot is of the image: it knows nothing of the app.
    expect(readdirSync(join(folder, "state/vitrine/logs"))).toEqual(["SNAPSHOTS.log"]);
    expect(readdirSync(join(folder, "vitrine"))).toEqual([]);
    expect(readdirSync(join(folder, "data/vitrine/sandboxes"))).toEqual([]);
  },
  BOOT_DEADLINE_MS,
);

test(
  "a full disk of the host makes the guest wait, and costs it nothing",
  () => {
    // A small file system in a mount namespace of its own, which goes with its last process.
    const small = join(folder, "small");
    mkdirSync(join(small, "vitrine"), { recursive: true });
    const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
    const script = `
      mount -t tmpfs -o size=48m none "$SMALL" && mkdir "$SMALL/vitrine" || exit 99
      ln -s "$XDG_DATA_HOME"/vitrine/* "$SMALL/vitrine/" && rm "$SMALL/vitrine/sandboxes" && export XDG_DATA_HOME="$SMALL"
      head -c 30000000 /dev/zero > "$SMALL/ballast"
      "$@" create full --image ${IMAGE} && "$@" run --sandbox full --no-display --no-snapshot -- sleep 1000 || exit 98
      "$@" exec full -- sh -c 'dd if=/dev/urandom of=file bs=1M count=24 conv=fsync 2>/dev/null && sha256sum < file && wc -c < file' &
      log=$XDG_STATE_HOME/vitrine/logs/full.log
      until grep -q 'the disk is full' "$log"; do sleep 0.2; done
      rm "$SMALL/ballast"
      wait $! && "$@" stop full`;
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      [...user, "--mount", "sh", "-c", script, "sh", ...VITRINE],
      {
        env: { ...environment, SMALL: small },
        encoding: "utf8",
        timeout: BOOT_DEADLINE_MS,
      },
    );
    expect({ status, stdout, stderr: status === 0 ? "" : stderr }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/[0-9a-f]{64} {2}-\n25165824\n$/),
      stderr: "",
    });
    expect(readFileSync(join(folder, "state/vitrine/logs/full.log"), "utf8")).toContain(
      "stands still until it has room",
    );
  },
  BOOT_DEADLINE_MS,
);
