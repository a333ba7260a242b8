import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { Catalog } from "./catalog.ts";
import { configuredSources } from "./configuration.ts";
import { catalogPaths } from "./directories.ts";
import { catalogIcon } from "./icons.ts";
import { pngSize } from "./png-header.ts";
import { type RefreshResult, refreshCatalog } from "./refresh.ts";
import { resolve } from "./resolve.ts";
import {
  CALCULATOR,
  png,
  SigningKey,
  TemporaryFolder,
  TestArchive,
  tar,
  useArchive,
  useSources,
} from "./test-support.ts";

const key = new SigningKey();
const archive = new TestArchive(key);

afterAll(() => {
  archive[Symbol.dispose]();
  key[Symbol.dispose]();
});

beforeEach(() => {
  archive.publish();
});

async function refresh(environment: Record<string, string>): Promise<RefreshResult> {
  return await refreshCatalog(configuredSources(environment), { environment });
}

describe("the index on the disk", () => {
  test("damaged: said so, and made anew by a refresh", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    truncateSync(catalogPaths(environment).index, 300);
    expect(() => Catalog.open(environment)).toThrow("Cannot read the catalog");
    expect((await refresh(environment)).changed).toBe(true);
    using catalog = Catalog.open(environment) as Catalog;
    expect(resolve(catalog, "org.example.Calc", []).kind).toBe("component");
  });

  test("of another version of Vitrine: as if it were not there", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    const { index } = catalogPaths(environment);
    writeFileSync(index, readFileSync(index).fill(99, 7, 8));
    expect(Catalog.open(environment)).toBeUndefined();
    // What was downloaded is still there: no file but the release is asked for.
    archive.takeRequests();
    expect((await refresh(environment)).changed).toBe(true);
    expect(archive.takeRequests().map(({ path }) => path)).toEqual([archive.path("InRelease")]);
  });
});

describe("icons", () => {
  test("icons come out of the archive when they are asked for", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    using catalog = Catalog.open(environment);
    const path = catalogIcon(catalog as Catalog, "org.example.Calc", 64, environment);
    expect(pngSize(readFileSync(path ?? ""))).toEqual({ width: 64, height: 64 });
    expect(catalogIcon(catalog as Catalog, "org.example.Sans", 64, environment)).toBeUndefined();
  });

  test("each component of an archive has icons of its own", async () => {
    using folder = new TemporaryFolder();
    const game = CALCULATOR.replaceAll("org.example.Calc", "org.example.Game").replaceAll("calc_calc", "game_game");
    archive.publish({
      more: {
        "contrib/dep11/Components-amd64.yml": Buffer.from(game),
        "contrib/dep11/icons-64x64.tar": tar({ "game_game.png": png(32, 32) }),
        "contrib/binary-amd64/Packages": Buffer.from(""),
      },
    });
    const source = { kind: "debian", suite: "trixie", archive: archive.address, keyring: key.keyring };
    const environment = useSources(folder.path, [{ ...source, components: ["main", "contrib"] }]);
    await refresh(environment);
    using catalog = Catalog.open(environment) as Catalog;
    const sizes = ["org.example.Calc", "org.example.Game"].map(
      (id) => pngSize(readFileSync(catalogIcon(catalog, id, 64, environment) ?? ""))?.width,
    );
    expect(sizes).toEqual([64, 32]);
  });

  test("an icon that is no picture, or a larger one than it says, is none", async () => {
    for (const bad of [Buffer.from("#!/bin/sh\n"), png(65, 64)]) {
      using folder = new TemporaryFolder();
      archive.publish({ icons: { "calc_calc.png": bad } });
      const environment = useArchive(folder.path, archive);
      await refresh(environment);
      using catalog = Catalog.open(environment);
      expect(catalogIcon(catalog as Catalog, "org.example.Calc", 64, environment)).toBeUndefined();
      expect(existsSync(catalogPaths(environment).icons)).toBe(false);
    }
  });
});
