/** What cannot be installed, and what happens to installations: nothing is ever half-done. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startVitrine, VITRINE } from "../../src/cli/test-support.ts";
import { BUILD_DEADLINE_MS, INSTALL_DEADLINE_MS, InstallSession, namesIn } from "./install-session.ts";

/** Stages of an install, as it tells them, at which it is killed. After the last one it is as good as done. */
const KILLED_AT = ["starting the builder", "choosing packages", "packing", "taking the layer"];

/** Resolves when the command has written `text` to its standard error, or has ended. The deadline is the test's. */
async function hasSaid(child: ChildProcess, text: string): Promise<void> {
  let said = "";
  await new Promise<void>((resolve) => {
    child.stderr?.on("data", (chunk) => {
      said += chunk;
      if (said.includes(text)) resolve();
    });
    child.once("close", () => resolve());
  });
}

let session: InstallSession;
beforeAll(async () => {
  session = await InstallSession.start();
}, BUILD_DEADLINE_MS);
afterAll(() => session.stop());

describe("what cannot be installed is told, and leaves nothing", () => {
  const nothingThere = () => {
    expect(namesIn(join(session.store, "sandboxes"))).toEqual([]);
    for (const prefix of ["layer-", "build-"]) expect(session.inStore(prefix)).toEqual([]);
    expect(session.launchers()).toEqual([]);
  };

  test(
    "an app that is not there, with the nearest names",
    async () => {
      const { status, errors } = await session.run("install", "calk");
      expect({ status, errors }).toMatchObject({ status: 66, errors: expect.stringContaining("did you mean calc") });
      expect((await session.run("install", "./missing.deb")).status).toBe(66);
      nothingThere();
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "packages that do not go together, and one whose script fails",
    async () => {
      const clash = await session.run("install", "--sandbox", "both", "clash", "calc");
      expect(clash.status).toBe(64);
      expect(clash.errors).toContain("these packages cannot be installed together");
      const broken = await session.run("install", "broken");
      expect(broken.status).toBe(71);
      expect(broken.errors).toContain("a package could not be installed");
      nothingThere();
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "an archive that is not what the catalog's was, or is not there",
    async () => {
      const path = "/debian/pool/tool_3_all.deb";
      session.archive.faults.set(path, (_request, data) => new Response(new Uint8Array(data.map((byte) => byte ^ 1))));
      expect(await session.run("install", "tool")).toMatchObject({
        status: 65,
        errors: expect.stringContaining("digests"),
      });
      session.archive.faults.clear();
      const release = "/debian/dists/trixie/InRelease";
      const signed = session.archive.files.get(release) ?? new Uint8Array(0);
      const forged = Buffer.from(Buffer.from(signed).toString().replace("Origin: Test", "Origin: Text"));
      session.archive.faults.set(release, () => new Response(new Uint8Array(forged)));
      expect(await session.run("install", "tool")).toMatchObject({
        status: 65,
        errors: expect.stringContaining("signature"),
      });
      session.archive.faults.set(release, () => new Response("gone", { status: 503 }));
      expect(await session.run("install", "tool")).toMatchObject({ status: 69 });
      session.archive.faults.clear();
      nothingThere();
    },
    INSTALL_DEADLINE_MS,
  );

  test.each([
    ["that has none", "8m", "tool", /MiB free, \d+ MiB wanted/],
    // Packed it is small.
    ["that turns out to have too little", "320m", "large", /the disk is full/],
  ])(
    "a disk %s",
    async (_, size, name, message) => {
      const small = join(session.folder, `small-${name}`);
      mkdirSync(small);
      const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
      const script = `
        mount -t tmpfs -o size=${size} none "$SMALL" && mkdir "$SMALL/vitrine" || exit 99
        for file in "$XDG_DATA_HOME"/vitrine/*; do case $file in */sandboxes) ;; *) ln -s "$file" "$SMALL/vitrine/" ;; esac; done
        XDG_DATA_HOME="$SMALL" "$@" install ${name}; status=$?
        ls -A "$SMALL/vitrine/sandboxes"; ls "$SMALL/vitrine" | grep ^build-; exit $status`;
      // The archive is in this process, so it must not be waited for without a turn.
      const child = spawn("unshare", [...user, "--mount", "sh", "-c", script, "sh", ...VITRINE], {
        env: { ...session.environment, SMALL: small },
      });
      let [out, errors] = ["", ""];
      child.stdout.on("data", (text) => (out += text));
      child.stderr.on("data", (text) => (errors += text));
      const [status] = await once(child, "close");
      expect({ status, out }).toEqual({ status: 74, out: "" });
      expect(errors).toMatch(message);
      expect(errors).toContain("fix: free disk space");
      nothingThere();
    },
    INSTALL_DEADLINE_MS,
  );
});

describe("whatever happens", () => {
  test(
    "there is the old state or the new: an install that is killed at each of its stages",
    async () => {
      for (const stage of KILLED_AT) {
        const child = startVitrine(["install", "--no-snapshot", "tool"], session.environment);
        const ended = once(child, "exit");
        await hasSaid(child, stage);
        child.kill("SIGKILL");
        await ended;
        const there = session.sandboxes().includes("tool");
        // Whole, or not there at all.
        if (there) expect(await session.inApp("tool")).toBe("tool works\n");
        if (there) await session.succeed("stop", "tool");
        if (there) await session.succeed("remove", "--yes", "tool");
        else expect((await session.run("run", "--no-display", "tool")).status).toBe(66);
      }
      await session.succeed("install", "tool");
      expect(session.inStore("build-")).toEqual([]);
      expect(await session.inApp("tool")).toBe("tool works\n");
      await session.succeed("stop", "tool");
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "Ctrl-C leaves nothing, and says so",
    async () => {
      await session.succeed("remove", "--yes", "tool");
      const child = startVitrine(["install", "--no-snapshot", "tool"], session.environment);
      let errors = "";
      child.stderr?.on("data", (text) => (errors += text));
      await hasSaid(child, "choosing packages");
      child.kill("SIGINT");
      const [status] = await once(child, "close");
      expect({ status, errors }).toMatchObject({ status: 130, errors: expect.stringContaining("Nothing was changed") });
      expect(session.sandboxes()).toEqual([]);
      expect(session.inStore("build-")).toEqual([]);
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "two at once do not get into each other's way, but for one sandbox",
    async () => {
      const [one, two] = await Promise.all([
        session.run("install", "tool"),
        session.run("install", "--sandbox", "second", "tool"),
      ]);
      expect([one?.status, two?.status]).toEqual([0, 0]);
      const [first, other] = await Promise.all([
        session.run("install", "--sandbox", "second", "calc"),
        session.run("install", "--sandbox", "second", "calc"),
      ]);
      expect([first?.status, other?.status].sort()).toEqual([0, 69]);
      expect([first, other].find(({ status }) => status === 69)?.errors).toContain("another command is changing it");
      expect(session.config("second").system.apps.length).toBe(2);
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "a sandbox of a newer version is not touched",
    async () => {
      const file = join(session.store, "sandboxes/second/sandbox.json");
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace('"format": 1', '"format": 2'));
      for (const words of [
        ["run", "--sandbox", "second", "--no-display", "--", "true"],
        ["update", "second"],
        ["rollback", "second"],
      ]) {
        expect(await session.run(...words)).toMatchObject({
          status: 69,
          errors: expect.stringContaining('format "2"'),
        });
      }
      const layers = session.inStore("layer-").length;
      await session.succeed("remove", "--yes", "tool");
      // Nobody knows what it needs: so everything stays.
      expect(session.inStore("layer-").length).toBe(layers);
      await session.succeed("remove", "--yes", "second");
      expect(session.inStore("layer-").length).toBeLessThan(layers);
      expect(statSync(join(session.store, "sandboxes")).isDirectory()).toBe(true);
    },
    INSTALL_DEADLINE_MS,
  );
});
