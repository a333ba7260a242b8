import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Catalog } from "./catalog.ts";
import { configuredSources } from "./configuration.ts";
import { catalogConfiguration } from "./directories.ts";
import { type RefreshResult, refreshCatalog } from "./refresh.ts";
import { resolve } from "./resolve.ts";
import {
  CALCULATOR,
  PACKAGES,
  SigningKey,
  TemporaryFolder,
  TestArchive,
  useArchive,
  useSources,
} from "./test-support.ts";

const key = new SigningKey();
const archive = new TestArchive(key);
const updates = new TestArchive(key);

afterAll(() => {
  archive[Symbol.dispose]();
  updates[Symbol.dispose]();
  key[Symbol.dispose]();
});

beforeEach(() => {
  archive.publish();
});

const PAINT =
  '<component type="desktop-application"><id>org.example.Paint</id><name>Paint</name><summary>p</summary></component>';

async function refresh(environment: Record<string, string>): Promise<RefreshResult> {
  return await refreshCatalog(configuredSources(environment), { environment });
}

describe("sources", () => {
  test("an archive, its updates, a folder and a file: one catalog, earlier sources first", async () => {
    using folder = new TemporaryFolder();
    const metadata = join(folder.path, "xml");
    mkdirSync(metadata);
    writeFileSync(join(metadata, "paint.metainfo.xml"), PAINT);
    writeFileSync(join(metadata, "more.yml"), CALCULATOR.replaceAll("org.example.Calc", "org.example.More"));
    writeFileSync(join(metadata, "readme.txt"), "no metadata");
    const flathub = join(folder.path, "appstream.xml.gz");
    const ours = PAINT.replace(">Paint<", ">Another Paint<");
    writeFileSync(
      flathub,
      Bun.gzipSync(
        `<components origin="f">${ours}${PAINT.replaceAll("Paint", "Sketch").replace("<summary>", "<pkgname>calc</pkgname>$&")}</components>`,
      ),
    );
    updates.publish({ components: "", packages: PACKAGES.replace("2.5+dfsg1-3", "2.6-1").replace("3-1", "2-1") });
    const environment = useArchive(folder.path, archive, [
      { kind: "debian", name: "newer", suite: "trixie", archive: updates.address, keyring: key.keyring },
      { kind: "directory", name: "folder", path: metadata },
      { kind: "file", name: "flathub", address: flathub },
    ]);
    const { about } = await refresh(environment);
    expect(about.sources.map(({ name, components, drops }) => [name, components, drops])).toEqual([
      ["debian trixie", 2, {}],
      ["newer", 0, {}],
      ["folder", 2, { "component: id is there already": 1, "field: screenshot": 1 }],
      ["flathub", 1, { "component: id is there already": 1 }],
    ]);
    using catalog = Catalog.open(environment) as Catalog;
    // The newest version of each package, whichever source has it.
    expect([catalog.package("calc")?.version, catalog.package("libmaths1")?.version]).toEqual(["1:2.6-1", "3-1"]);
    expect(resolve(catalog, "paint", [])).toMatchObject({
      kind: "component",
      row: { id: "org.example.Paint", source: 2 },
    });
    expect(resolve(catalog, "Sketch", [])).toMatchObject({ row: { version: "", package: "" } });
    expect((await refresh(environment)).changed).toBe(false);
    writeFileSync(join(metadata, "paint.metainfo.xml"), PAINT.replace("<summary>p", "<summary>q"));
    expect((await refresh(environment)).changed).toBe(true);
  });

  test("a file by http needs its digest, and must have it", async () => {
    using folder = new TemporaryFolder();
    const data = Bun.gzipSync(PAINT);
    using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(data) });
    const source = { kind: "file", name: "f", address: `http://127.0.0.1:${server.port}/appstream.xml.gz` };
    const sha256 = new Bun.CryptoHasher("sha256").update(data).digest("hex");
    expect(() => configuredSources(useSources(folder.path, [source]))).toThrow('want https, or its "sha256"');
    expect(refresh(useSources(folder.path, [{ ...source, sha256: "0".repeat(64) }]))).rejects.toThrow(
      `its digest is "${sha256}"`,
    );
    expect((await refresh(useSources(folder.path, [{ ...source, sha256 }]))).about.components).toBe(1);
  });

  test("a file that unpacks to nonsense, and one that is not there", async () => {
    using folder = new TemporaryFolder();
    const path = join(folder.path, "appstream.xml.gz");
    const source = { kind: "file", name: "f", address: path };
    expect(refresh(useSources(folder.path, [source]))).rejects.toMatchObject({ code: "not-found" });
    writeFileSync(path, "no gzip");
    expect(refresh(useSources(folder.path, [source]))).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("the configuration", () => {
  test("what is wrong with it is said", () => {
    using folder = new TemporaryFolder();
    const cases: [object[], string][] = [
      [[], "sources"],
      [[{ kind: "debian", suite: "../x" }], "sources.0.suite"],
      [[{ kind: "debian", suite: "a", archive: "file:///x" }], "sources.0.archive"],
      [[{ kind: "directory", name: "a", path: "relative" }], "sources.0.path"],
      [[{ kind: "directory", name: "a", path: "/x", more: 1 }], "sources.0"],
      [
        [
          { kind: "directory", name: "a", path: "/x" },
          { kind: "directory", name: "a", path: "/y" },
        ],
        'two sources are named "a"',
      ],
    ];
    for (const [sources, says] of cases)
      expect(() => configuredSources(useSources(folder.path, sources))).toThrow(says);
    const environment = useSources(folder.path, []);
    writeFileSync(catalogConfiguration(environment), "{");
    expect(() => configuredSources(environment)).toThrow("it is no JSON");
  });

  test("without one it is Debian's archive, for the release that images are made of", () => {
    using folder = new TemporaryFolder();
    expect(configuredSources({ HOME: folder.path }).map(({ name }) => name)).toEqual(["debian trixie"]);
  });

  test("a file that cannot be read is an error, not the default", () => {
    using folder = new TemporaryFolder();
    const environment = useSources(folder.path, []);
    Bun.spawnSync(["rm", catalogConfiguration(environment)]);
    symlinkSync(catalogConfiguration(environment), catalogConfiguration(environment));
    expect(() => configuredSources(environment)).toThrow();
  });
});
