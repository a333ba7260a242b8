/** What stays of bases, layers and folders of work, and what goes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { taint } from "../../base/untrusted.ts";
import type { StoredImage } from "../image/stored-image.ts";
import { makeWorkFolder } from "../image/work-folder.ts";
import { type AppSystem, configDirectory, findConfig, lockConfig, readConfig, writeConfig } from "../sandbox/config.ts";
import { makeSandbox } from "../sandbox/make.ts";
import { exportedFolder, saveExported } from "./exported-files.ts";
import { appOf, findApp } from "./find-app.ts";
import { collectGarbage } from "./garbage.ts";
import { rollBack } from "./install.ts";
import { exportLaunchers, removeLaunchers } from "./launchers.ts";
import { openLayer, publishLayer, storedImages } from "./layers.ts";

let folder: string;
let environment: Record<string, string>;
const before = process.env.XDG_DATA_HOME;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitrine-apps-"));
  const [XDG_RUNTIME_DIR, XDG_STATE_HOME, XDG_DATA_HOME] = ["runtime", "state", "data"].map((name) =>
    join(folder, name),
  );
  for (const path of [XDG_RUNTIME_DIR, XDG_DATA_HOME]) mkdirSync(path as string);
  environment = { XDG_RUNTIME_DIR, XDG_STATE_HOME, XDG_DATA_HOME } as Record<string, string>;
  // The store is where this process has it.
  process.env.XDG_DATA_HOME = XDG_DATA_HOME;
});
afterEach(() => {
  if (before === undefined) delete process.env.XDG_DATA_HOME;
  else process.env.XDG_DATA_HOME = before;
  rmSync(folder, { recursive: true });
});

const store = () => join(folder, "data/vitrine");

function image(text: string): StoredImage {
  return { digest: createHash("sha256").update(text).digest("hex"), bytes: text.length };
}

/** A layer of that content, in the store. */
function layer(text: string): StoredImage {
  const path = join(folder, "layer");
  writeFileSync(path, text);
  publishLayer({ ...image(text), path });
  return image(text);
}

function base(text: string): StoredImage {
  mkdirSync(join(store(), `base-${image(text).digest.slice(0, 16)}`), { recursive: true });
  return image(text);
}

const app = (id: string, entries: string[] = []): AppSystem["apps"][number] => ({
  id,
  name: id.toUpperCase(),
  source: { kind: "archive", package: `${id}-package` },
  version: "1",
  entries,
  commands: entries.length === 0 ? [id] : [],
});

const system = (layerImage: StoredImage, baseImage: StoredImage, apps = [app("calc")]): AppSystem => ({
  kind: "apps",
  release: "trixie",
  base: baseImage,
  layer: layerImage,
  apps,
  recommends: false,
  archive: "",
  builtAt: 1,
});

function make(name: string, its: AppSystem, previous: AppSystem | null = null): void {
  using _lock = lockConfig(name, environment);
  makeSandbox({ name, system: its }, environment);
  if (previous !== null) writeConfig({ ...readConfig(name, environment), previous }, environment);
}

const left = (kind: "base" | "layer") => storedImages(kind).map(({ digest }) => digest);
const short = (...images: StoredImage[]) => images.map(({ digest }) => digest.slice(0, 16)).sort();

describe("bases and layers", () => {
  test("stay while a sandbox needs them, or may go back to them", () => {
    const [one, two, old, unused] = ["one", "two", "old", "unused"].map(layer) as [
      StoredImage,
      StoredImage,
      StoredImage,
      StoredImage,
    ];
    const [new1, old1] = [base("new"), base("old")];
    make("a", system(one, new1), system(old, old1));
    make("b", system(two, new1));
    base("unused");
    expect(left("layer").sort()).toEqual(short(one, two, old, unused));
    collectGarbage(environment);
    expect(left("layer").sort()).toEqual(short(one, two, old));
    expect(left("base").sort()).toEqual(short(new1, old1));
  });

  test("all stay while there is a sandbox that cannot be read", () => {
    layer("unused");
    make("a", system(layer("one"), base("new")));
    writeFileSync(join(configDirectory("a", environment), "sandbox.json"), '{"format": 99}');
    collectGarbage(environment);
    expect(left("layer").length).toBe(2);
  });

  test("a layer that changed on the disk is not used", async () => {
    const stored = layer("content");
    const path = await openLayer(stored, "a");
    writeFileSync(path, "CONTENT");
    expect(await openLayer(stored, "a").catch((error: unknown) => error)).toMatchObject({ code: "corrupt" });
    rmSync(path);
    expect(await openLayer(stored, "a").catch((error: unknown) => error)).toMatchObject({ code: "corrupt" });
  });

  test("the same content is stored once", () => {
    layer("content");
    layer("content");
    expect(left("layer").length).toBe(1);
  });
});

test("a rollback goes back, and once more forward; the home is not touched", async () => {
  const [old, fresh] = [layer("old"), layer("new")];
  make("a", system(fresh, base("new"), [app("calc"), app("draw")]), system(old, base("new")));
  await rollBack("a", environment);
  expect(readConfig("a", environment)).toMatchObject({ system: { layer: old }, previous: { layer: fresh } });
  await rollBack("a", environment);
  expect(readConfig("a", environment)).toMatchObject({ system: { layer: fresh }, previous: { layer: old } });
  make("b", system(old, base("new")));
  expect(await rollBack("b", environment).catch((error: unknown) => error)).toMatchObject({ code: "not-found" });
});

describe("a folder of work", () => {
  test("goes when it is disposed of", () => {
    const work = makeWorkFolder();
    expect(readdirSync(store())).toHaveLength(1);
    work[Symbol.dispose]();
    expect(readdirSync(store())).toEqual([]);
  });

  test("that a killed process left goes with the next, one in use stays", () => {
    using _used = makeWorkFolder();
    spawnSync(process.execPath, [join(import.meta.dirname, "killed-worker-main.test-support.ts")]);
    expect(readdirSync(store())).toHaveLength(2);
    using _another = makeWorkFolder();
    expect(readdirSync(store())).toHaveLength(2);
  });
});

describe("an app", () => {
  test("is found by its id, its entries, its package and its name", () => {
    make(
      "a",
      system(layer("one"), base("new"), [app("org.example.Calc", ["org.example.Calc", "calc-fast"]), app("tool")]),
    );
    const config = readConfig("a", environment);
    for (const word of ["org.example.Calc", "org.example.calc", "ORG.EXAMPLE.CALC", "org.example.Calc.desktop"]) {
      expect(appOf(config, word)).toMatchObject({ app: { id: "org.example.Calc" }, entry: "org.example.Calc" });
    }
    expect(appOf(config, "calc-fast")).toMatchObject({ app: { id: "org.example.Calc" }, entry: "calc-fast" });
    expect(appOf(config, "tool-package")).toMatchObject({ app: { id: "tool" } });
    expect(appOf(config, "tool")?.entry).toBeUndefined();
    expect(appOf(config, "other")).toBeUndefined();
  });

  test("in two sandboxes must be told apart", () => {
    make("a", system(layer("one"), base("new")));
    expect(findApp("calc", environment).config.name).toBe("a");
    make("b", system(layer("two"), base("new")));
    expect(() => findApp("calc", environment)).toThrow("several sandboxes");
    expect(() => findApp("missing", environment)).toThrow("not installed");
  });
});

describe("launchers", () => {
  const ENTRY =
    "[Desktop Entry]\nType=Application\nName=Calc\nExec=rm -rf /\nIcon=calc\nActions=new;\n[Desktop Action new]\nName=New\nExec=evil\n";

  function exported(name: string, entries: Record<string, string>): void {
    const its = readConfig(name, environment).system as AppSystem;
    const data = new Map(Object.entries(entries).map(([id, text]) => [id, taint(new TextEncoder().encode(text))]));
    saveExported(exportedFolder(configDirectory(name, environment), its), {
      entries: data,
      icons: new Map(),
    } as unknown as Parameters<typeof saveExported>[1]);
  }

  const launchers = () => {
    const applications = join(folder, "data/applications");
    return existsSync(applications) ? readdirSync(applications).sort() : [];
  };
  const options = () => ({ program: "/opt/vitrine", iconsOf: () => [], environment });

  test("start the app by its name and with nothing that the guest wrote", async () => {
    make("a", system(layer("one"), base("new"), [app("calc", ["calc", "hidden", "broken"])]));
    exported("a", {
      calc: ENTRY,
      hidden: `${ENTRY.replace("Name=Calc", "NoDisplay=true\nName=Calc")}`,
      broken: "nonsense",
    });
    expect(exportLaunchers(readConfig("a", environment), options())).toEqual(["vitrine.a.calc"]);
    expect(launchers()).toEqual(["vitrine.a.calc.desktop"]);
    const text = await Bun.file(join(folder, "data/applications/vitrine.a.calc.desktop")).text();
    expect(text).toContain("\nExec=/opt/vitrine run --sandbox a calc --\n");
    expect(text).toContain("\nExec=/opt/vitrine run --sandbox a --action new calc --\n");
    expect(text).not.toMatch(/rm -rf|evil/);
  });

  test("follow the apps: what has gone from the sandbox goes from the menus", () => {
    make("a", system(layer("one"), base("new"), [app("calc", ["calc"]), app("draw", ["draw"])]));
    exported("a", { calc: ENTRY, draw: ENTRY });
    exportLaunchers(readConfig("a", environment), options());
    expect(launchers()).toHaveLength(2);
    const config = readConfig("a", environment);
    writeConfig({ ...config, system: { ...(config.system as AppSystem), apps: [app("draw", ["draw"])] } }, environment);
    exportLaunchers(readConfig("a", environment), options());
    expect(launchers()).toEqual(["vitrine.a.draw.desktop"]);
    removeLaunchers("a", environment);
    expect(launchers()).toEqual([]);
    expect(findConfig("a", environment)).toBeDefined();
  });

  test("of the same app in two sandboxes are told apart by the sandboxes' names", async () => {
    for (const name of ["a", "b"]) {
      make(name, system(layer(name), base("new"), [app("calc", ["calc"])]));
      exported(name, { calc: ENTRY });
    }
    exportLaunchers(readConfig("b", environment), options());
    expect(await Bun.file(join(folder, "data/applications/vitrine.b.calc.desktop")).text()).toContain(
      "\nName=Calc (b)\n",
    );
  });
});
