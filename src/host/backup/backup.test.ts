/** Sandboxes kept, brought back, copied and renamed: real files, whose content is nobody's business. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { PACKAGES } from "../apps/commit.ts";
import { exportedFolder } from "../apps/exported-files.ts";
import type { BuiltSystem } from "../apps/install.ts";
import { storedImages } from "../apps/layers.ts";
import { configDirectory, configNames, readConfig } from "../sandbox/config.ts";
import { logPaths, sandboxPaths } from "../sandbox/directories.ts";
import { findHomeDisk } from "../sandbox/home-disk.ts";
import { acquireLock } from "../sandbox/lock.ts";
import { removeSandbox, renameSandbox, requireHomeDisk, resetSandbox } from "../sandbox/make.ts";
import { policyPaths, writePolicyFile } from "../sandbox/policy-files.ts";
import { cloneSandbox } from "./clone.ts";
import { restoreBackup } from "./restore.ts";
import { failureOf, HOME_BYTES, image, rigPerTest } from "./test-support.ts";
import { backUp } from "./write-backup.ts";

const rig = rigPerTest();
const PARTS = { 0: "superblock", 5000000: "x".repeat(3_000_000), [HOME_BYTES - 4]: "last" };

describe("a backup", () => {
  test("brings back what was there, holes included", async () => {
    rig().make("letters", PARTS);
    const [digest, config] = [rig().homeDigest("letters"), readConfig("letters", rig().environment)];
    const used = requireHomeDisk("letters", rig().environment).usedBytes;
    await backUp("letters", rig().file, rig().options());
    expect(statSync(rig().file).size).toBeLessThan(100_000);
    expect(statSync(rig().file).mode & 0o777).toBe(0o600);
    await removeSandbox("letters", rig().environment);
    expect(await rig().restore()).toEqual(config);
    expect(readConfig("letters", rig().environment)).toEqual(config);
    expect(rig().homeDigest("letters")).toBe(digest);
    const disk = requireHomeDisk("letters", rig().environment);
    expect(disk).toMatchObject({ unused: false, quotaBytes: HOME_BYTES });
    expect(disk.usedBytes).toBeLessThan(used + 1_000_000);
    const directory = configDirectory("letters", rig().environment);
    expect(readFileSync(join(directory, PACKAGES, "own-0123.deb"), "utf8")).toBe("a package");
    expect(readdirSync(exportedFolder(directory, rig().system()))).toEqual(["org.example.Own.desktop"]);
    expect(readdirSync(rig().store).filter((name) => name.startsWith("build-"))).toEqual([]);
  });

  test("of any home is that home", async () => {
    const parts = fc.dictionary(
      fc.integer({ min: 0, max: 60_000_000 }).map(String),
      fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 5000 }),
    );
    await fc.assert(
      fc.asyncProperty(parts, async (written) => {
        rig().make("any", written, 64_000_000);
        const digest = rig().homeDigest("any");
        rmSync(rig().file, { force: true });
        await backUp("any", rig().file, rig().options());
        await removeSandbox("any", rig().environment);
        await rig().restore("any");
        expect(rig().homeDigest("any")).toBe(digest);
        await removeSandbox("any", rig().environment);
      }),
      { seed: 4, numRuns: 10 },
    );
  });

  test("takes the place of what is there only when it shall", async () => {
    rig().make("letters", PARTS);
    await backUp("letters", rig().file, rig().options());
    await resetSandbox("letters", rig().environment);
    const there = rig().everything();
    expect(await failureOf(rig().restore())).toMatchObject({ code: "already-exists" });
    expect(rig().everything()).toEqual(there);
    await rig().restore("letters", true);
    expect(requireHomeDisk("letters", rig().environment).unused).toBe(false);
    expect(configNames(rig().environment)).toEqual(["letters"]);
    await rig().restore("copy");
    expect(rig().homeDigest("copy")).toBe(rig().homeDigest("letters"));
    expect(readConfig("copy", rig().environment).colour).not.toBe(readConfig("letters", rig().environment).colour);
  });

  test("is written to a new file, of a sandbox that does not run", async () => {
    rig().make("letters", PARTS);
    writeFileSync(rig().file, "mine");
    expect(await failureOf(backUp("letters", rig().file, rig().options()))).toMatchObject({ code: "already-exists" });
    expect(readFileSync(rig().file, "utf8")).toBe("mine");
    rmSync(rig().file);
    const running = acquireLock(sandboxPaths("letters", rig().environment));
    for (const work of [
      () => backUp("letters", rig().file, rig().options()),
      () => cloneSandbox("letters", "copy", rig().options()),
      () => resetSandbox("letters", rig().environment),
      () => renameSandbox("letters", "copy", rig().environment),
    ]) {
      expect(await failureOf(work())).toMatchObject({ code: "unavailable", fix: "vitrine stop letters" });
    }
    expect(existsSync(rig().file)).toBe(false);
    running?.release();
    const nowhere = backUp("letters", join(rig().folder, "missing/x"), rig().options());
    expect(await failureOf(nowhere)).toMatchObject({ code: "not-found" });
  });

  test("that is cancelled leaves nothing, written or read", async () => {
    rig().make("letters", PARTS);
    const there = rig().everything();
    const cancelled = (when: number) => {
      const controller = new AbortController();
      let reports = 0;
      const onProgress = () => void (++reports === when && controller.abort());
      return { signal: controller.signal, onProgress, environment: rig().environment };
    };
    expect(await failureOf(backUp("letters", rig().file, cancelled(2)))).toMatchObject({ code: "cancelled" });
    expect(readdirSync(rig().folder).filter((name) => name.startsWith("letters"))).toEqual([]);
    await backUp("letters", rig().file, rig().options());
    const request = {
      file: rig().file,
      name: "copy",
      replace: false,
      environment: rig().environment,
      build: () => Promise.reject(),
    };
    expect(await failureOf(restoreBackup(request, cancelled(2)))).toMatchObject({ code: "cancelled" });
    expect(await failureOf(cloneSandbox("letters", "copy", cancelled(1)))).toMatchObject({ code: "cancelled" });
    expect(rig().everything()).toEqual(there);
  });

  test("whose apps this machine does not have has them installed anew, from what it holds", async () => {
    rig().make("letters", PARTS);
    await backUp("letters", rig().file, rig().options());
    await removeSandbox("letters", rig().environment);
    for (const { path } of storedImages("layer")) rmSync(path, { recursive: true });
    const asked: unknown[] = [];
    const build = async (wishes: { apps: readonly { source: unknown }[] }, work: string): Promise<BuiltSystem> => {
      asked.push(...wishes.apps);
      const path = join(work, "layer.erofs");
      writeFileSync(path, "newer");
      const nothing = { entries: [], commands: [], icons: [] };
      const layer = { ...image("newer"), path, installed: [], owned: [], added: nothing };
      return {
        system: { ...rig().system(), layer: image("newer") },
        layer: { ...layer, entries: new Map(), icons: new Map() },
        files: new Map(),
      };
    };
    await restoreBackup(
      { file: rig().file, name: "letters", replace: false, environment: rig().environment, build },
      { signal: new AbortController().signal, onProgress: () => {} },
    );
    expect(asked).toMatchObject([
      { id: "own", source: { kind: "file", path: expect.stringContaining("own-0123.deb") } },
    ]);
    expect(readConfig("letters", rig().environment).system).toMatchObject({ layer: image("newer") });
    expect(storedImages("layer").map(({ digest }) => digest)).toContain(image("newer").digest.slice(0, 16));
  });
});

describe("a sandbox", () => {
  test("that is cloned has a home of its own, and keeps its apps when the first one goes", async () => {
    rig().make("letters", PARTS);
    writePolicyFile(policyPaths("letters", rig().environment).sandbox, "clipboard off\n");
    const digest = rig().homeDigest("letters");
    const clone = await cloneSandbox("letters", "copy", rig().options());
    expect(clone).toMatchObject({ name: "copy", system: readConfig("letters", rig().environment).system });
    expect(clone.colour).not.toBe(readConfig("letters", rig().environment).colour);
    expect(existsSync(policyPaths("copy", rig().environment).sandbox)).toBe(false);
    expect(rig().homeDigest("copy")).toBe(digest);
    const { path, usedBytes } = requireHomeDisk("copy", rig().environment);
    expect(usedBytes).toBeLessThan(10_000_000);
    truncateSync(path, 0);
    expect(rig().homeDigest("letters")).toBe(digest);
    await removeSandbox("letters", rig().environment);
    expect(storedImages("layer").length).toBe(1);
    expect(await failureOf(cloneSandbox("copy", "copy", rig().options()))).toMatchObject({ code: "already-exists" });
    rig().make("other", {});
    expect(await failureOf(cloneSandbox("copy", "other", rig().options()))).toMatchObject({ code: "already-exists" });
    expect(await failureOf(cloneSandbox("copy", "../x", rig().options()))).toMatchObject({ code: "invalid-argument" });
    expect(configNames(rig().environment)).toEqual(["copy", "other"]);
  });

  test("that is renamed takes along what it was allowed, and its logs", async () => {
    rig().make("letters", PARTS);
    rig().make("other", {});
    const digest = rig().homeDigest("letters");
    writePolicyFile(policyPaths("letters", rig().environment).sandbox, "clipboard off\n");
    writeFileSync(logPaths("letters", rig().environment).supervisor, "a line\n");
    expect(await failureOf(renameSandbox("letters", "other", rig().environment))).toMatchObject({
      code: "already-exists",
    });
    expect(await failureOf(renameSandbox("missing", "new", rig().environment))).toMatchObject({ code: "not-found" });
    expect(await renameSandbox("letters", "mail", rig().environment)).toMatchObject({ name: "mail" });
    expect(configNames(rig().environment)).toEqual(["mail", "other"]);
    expect(readConfig("mail", rig().environment).name).toBe("mail");
    expect(rig().homeDigest("mail")).toBe(digest);
    expect(readFileSync(policyPaths("mail", rig().environment).sandbox, "utf8")).toBe("clipboard off\n");
    expect(existsSync(policyPaths("letters", rig().environment).sandbox)).toBe(false);
    expect(readFileSync(logPaths("mail", rig().environment).supervisor, "utf8")).toBe("a line\n");
    expect(readdirSync(join(rig().store, "sandboxes")).filter((name) => name.startsWith("letters"))).toEqual([]);
  });

  test("that is reset has an empty home of the same size", async () => {
    rig().make("letters", PARTS);
    await resetSandbox("letters", rig().environment);
    expect(requireHomeDisk("letters", rig().environment)).toMatchObject({
      unused: true,
      quotaBytes: HOME_BYTES,
      usedBytes: 0,
    });
    expect(
      readdirSync(configDirectory("letters", rig().environment)).filter((name) => name.endsWith(".raw")),
    ).toHaveLength(1);
    expect(findHomeDisk(configDirectory("letters", rig().environment))?.usedBytes).toBe(0);
  });
});
