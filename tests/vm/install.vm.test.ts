/** Apps in real virtual machines: installed, used, updated, taken back and removed, from an archive of the test's own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { vitrine } from "../../src/cli/test-support.ts";
import { Compositor } from "../support/compositor.ts";
import { eventually } from "../support/deadline.ts";
import { snapshotTakers } from "../support/snapshot-takers.ts";
import { buildPackage, type TestPackage } from "../support/test-packages.ts";
import { BUILD_DEADLINE_MS, INSTALL_DEADLINE_MS, InstallSession } from "./install-session.ts";

let session: InstallSession;
beforeAll(async () => {
  session = await InstallSession.start();
}, BUILD_DEADLINE_MS);
afterAll(() => session.stop());

describe("an app", () => {
  test(
    "is installed from the archive by its id: scripts run in the builder, a launcher appears",
    async () => {
      const out = await session.succeed("install", "org.example.Calc");
      expect(out).toContain("org.example.Calc 1.0 in sandbox calc; vitrine run org.example.Calc\n");
      expect(session.sandboxes()).toEqual(["calc"]);
      expect(session.launchers()).toEqual(["vitrine.calc.org.example.Calc.desktop"]);
      const launcher = join(session.store, "../applications", session.launchers()[0] ?? "");
      const valid = spawnSync("desktop-file-validate", [launcher], { encoding: "utf8" });
      expect({ status: valid.status, output: valid.stdout }).toEqual({ status: 0, output: "" });
      expect(readFileSync(launcher, "utf8")).toContain("Name[de]=Calculator (de)");
      expect(existsSync(join(session.store, "../icons/hicolor/48x48/apps/vitrine.calc.org.example.Calc.png"))).toBe(
        true,
      );
      expect(existsSync("/etc/calc-was-set-up")).toBe(false);
      expect(session.inStore("build-")).toEqual([]);
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "runs by its id, with what its package set up, and keeps its home",
    async () => {
      expect(await session.inApp("org.example.Calc", "a b", "c")).toBe("calc 1.0: a b c\n0\n");
      expect(
        await session.inApp(
          "--sandbox",
          "calc",
          "--",
          "sh",
          "-c",
          "echo kept > ~/kept; ls /usr/sbin/policy-rc.d 2>&1 | wc -l; locale charmap decimal_point; fc-list | grep -c host/Own.ttf",
        ),
      ).toBe("1\nUTF-8\n,\n1\n");
      // Files are as old as they are: what caches were made from is recognised.
      expect(await session.succeed("exec", "calc", "--", "stat", "-c", "%Y", "/etc/calc-was-set-up")).toBe(
        "1600000000\n",
      );
      expect((await session.run("exec", "calc", "--", "test", "-e", "/usr/sbin/policy-rc.d")).status).toBe(1);
      await session.succeed("stop", "calc");
      expect(await session.inApp("Calculator")).toBe("calc 1.0: \n0\n");
      expect(await session.succeed("exec", "calc", "--", "sh", "-c", "cat ~/kept")).toBe("kept\n");
      expect((await session.run("install", "calc")).status).toBe(73);
      const file = join(session.folder, "sums.txt");
      writeFileSync(file, "1 + 1\n");
      expect(await session.inApp("org.example.Calc", file, "/nowhere/else")).toMatch(
        /^calc 1\.0: \/home\/user\/\S*\/sums\.txt \/nowhere\/else\n0\nsums\.txt\n$/,
      );
      expect(readFileSync(file, "utf8")).toBe("1 + 1\nedited\n");
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "without windows has its commands; the second one shares the base of the first",
    async () => {
      const out = await session.succeed("install", "tool");
      expect(out).toContain("vitrine run --sandbox tool -- tool");
      expect(await session.inApp("tool")).toBe("tool works\n");
      expect(session.config("tool").system.base).toEqual(session.config("calc").system.base);
      const { base, layer } = session.config("tool").system;
      expect(layer.bytes).toBeLessThan(base.bytes / 20);
      expect(session.inStore("base-").length).toBeGreaterThan(0);
      expect(session.inStore("layer-").length).toBe(2);
      expect(session.launchers().length).toBe(1);
      expect(await session.run("remove", "--yes", "tool")).toMatchObject({
        status: 69,
        errors: expect.stringContaining("it runs"),
      });
      await session.succeed("stop", "tool");
      await session.succeed("remove", "--yes", "tool");
      expect(session.inStore("layer-").length).toBe(1);
      expect(session.sandboxes()).toEqual(["calc"]);
    },
    INSTALL_DEADLINE_MS,
  );
});

describe("a sandbox with several apps", () => {
  test(
    "gets them at once, from the archive and from a file, and later ones beside them",
    async () => {
      const own: TestPackage = { name: "own", version: "7", files: { "usr/bin/own": "#!/bin/sh\necho own works\n" } };
      const file = await buildPackage(session.folder, own);
      await session.succeed("install", "--sandbox", "desk", "tool", file);
      // The file is not needed any more: what is kept of it is the sandbox's.
      rmSync(file);
      expect(await session.inApp("tool")).toBe("tool works\n");
      expect(await session.inApp("own")).toBe("own works\n");
      await session.succeed("run", "--sandbox", "desk", "--no-display", "--no-snapshot", "--", "sleep", "100000");
      const { errors } = await session.run("install", "--sandbox", "desk", "org.example.Calc");
      expect(errors).toContain('sandbox "desk" runs, and has this from its next start on');
      await session.succeed("stop", "desk");
      expect(await session.inApp("--sandbox", "desk", "org.example.Calc")).toBe("calc 1.0: \n0\n");
      expect(await session.inApp("own")).toBe("own works\n");
      expect(session.launchers()).toEqual([
        "vitrine.calc.org.example.Calc.desktop",
        "vitrine.desk.org.example.Calc.desktop",
      ]);
      expect((await session.run("run", "--no-display", "org.example.Calc")).errors).toContain("several sandboxes");
      await session.succeed("stop", "desk");
      // A trial of the one that is meant: the same app, a home of its own, gone with it.
      const trial = ["try", "--no-display", "--sandbox", "desk"];
      expect(await session.succeed(...trial, "org.example.Calc")).toBe("calc 1.0: \n0\n");
      expect((await session.run(...trial, "missing")).errors).toContain('sandbox "desk" does not have it');
      expect(session.sandboxes()).toEqual(["calc", "desk"]);
      const launcher = join(session.store, "../applications/vitrine.desk.org.example.Calc.desktop");
      expect(readFileSync(launcher, "utf8")).toContain("try --sandbox desk org.example.Calc --\n");
    },
    INSTALL_DEADLINE_MS,
  );

  test(
    "loses one and keeps the others",
    async () => {
      await session.succeed("remove", "tool");
      expect(
        session
          .config("desk")
          .system.apps.map(({ id }: { id: string }) => id)
          .sort(),
      ).toEqual(["org.example.Calc", "own"]);
      expect(
        (await session.run("run", "--sandbox", "desk", "--no-display", "--no-snapshot", "--wait", "--", "tool")).status,
      ).toBe(127);
      expect(await session.inApp("own")).toBe("own works\n");
      await session.succeed("stop", "desk");
      await session.succeed("remove", "--yes", "desk");
      expect(session.launchers()).toEqual(["vitrine.calc.org.example.Calc.desktop"]);
      expect(session.inStore("layer-").length).toBe(1);
    },
    INSTALL_DEADLINE_MS,
  );
});

describe("an update", () => {
  test(
    "of nothing that is newer builds nothing; of a newer package counts from the next start, and can be undone",
    async () => {
      const before = session.config("calc").system.layer;
      expect(await session.succeed("update", "calc")).toBe("calc: nothing is newer\n");
      await session.publish("2.0");
      expect(await session.inApp("org.example.Calc")).toBe("calc 1.0: \n0\n");
      // What runs for good keeps the sandbox from stopping for want of anything to do.
      await session.succeed("run", "--sandbox", "calc", "--no-display", "--no-snapshot", "--", "sleep", "100000");
      const { status, out, errors } = await session.run("update", "--all");
      expect({ status, out }).toEqual({
        status: 0,
        out: "calc: 1 package, 0 of them for security\n  calc 1.0 -> 2.0\n",
      });
      expect(errors).toContain("from its next start on");
      expect(await session.inApp("org.example.Calc")).toBe("calc 1.0: \n0\n");
      await session.succeed("stop", "calc");
      expect(await session.inApp("org.example.Calc")).toBe("calc 2.0: \n0\n");
      expect(await session.succeed("exec", "calc", "--", "sh", "-c", "cat ~/kept")).toBe("kept\n");
      await session.succeed("stop", "calc");
      expect(session.config("calc").previous.layer).toEqual(before);
      expect(await session.succeed("rollback", "org.example.Calc")).toBe("calc: org.example.Calc 1.0\n");
      expect(await session.inApp("org.example.Calc")).toBe("calc 1.0: \n0\n");
      await session.succeed("stop", "calc");
      expect(await session.succeed("rollback", "calc")).toBe("calc: org.example.Calc 2.0\n");
      expect(session.config("calc").previous.layer).toEqual(before);
    },
    INSTALL_DEADLINE_MS,
  );
});

describe("a home", () => {
  test(
    "is restored from a backup, cloned, and goes along with another name",
    async () => {
      const file = join(session.folder, "calc.backup");
      const cat = ["--", "sh", "-c", "cat ~/kept"];
      await session.succeed("backup", "calc", file);
      await session.succeed("reset", "--yes", "calc");
      const empty = await session.succeed("run", "--sandbox", "calc", "--no-display", "--wait", "--", "ls", "-A");
      expect(empty).not.toContain("kept");
      const running = { status: 69, errors: expect.stringContaining("it runs") };
      expect(await session.run("restore", "--yes", file)).toMatchObject(running);
      await session.succeed("stop", "calc");
      expect(await session.succeed("import", "--yes", file)).toStartWith("calc: org.example.Calc; ");
      await session.succeed("clone", "calc", "copy");
      await session.succeed("rename", "calc", "sums");
      expect(session.sandboxes()).toEqual(["copy", "sums"]);
      expect(session.launchers()).toEqual([
        "vitrine.copy.org.example.Calc.desktop",
        "vitrine.sums.org.example.Calc.desktop",
      ]);
      for (const name of ["copy", "sums"]) {
        expect(await session.inApp("--sandbox", name, ...cat)).toBe("kept\n");
        expect(await session.inApp("--sandbox", name, "org.example.Calc")).toBe("calc 2.0: \n0\n");
      }
      await session.succeed("stop", "--all");
    },
    INSTALL_DEADLINE_MS,
  );
});

test(
  "an app that was just installed goes on from a snapshot when it is started for the first time",
  async () => {
    await session.succeed("install", "--snapshot", "--sandbox", "fresh", "tool");
    const taken = () => snapshotTakers(session.environment.XDG_DATA_HOME ?? "").length === 0 || undefined;
    await eventually("taking the snapshot", INSTALL_DEADLINE_MS, taken);
    await using compositor = await Compositor.start();
    const words = ["run", "--timings", "--json", "--sandbox", "fresh", "--", "tool"];
    const { out } = await vitrine(words, { ...session.environment, WAYLAND_DISPLAY: compositor.socketPath });
    expect(JSON.parse(out.toString()).start).toBe("restored");
    await session.succeed("stop", "fresh");
  },
  INSTALL_DEADLINE_MS,
);
