import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CALCULATOR,
  PACKAGES,
  png,
  SigningKey,
  TemporaryFolder,
  TestArchive,
  useArchive,
} from "../host/catalog/test-support.ts";
import { type Outcome, ownEnvironment, startVitrine, VITRINE, vitrine } from "./test-support.ts";

const key = new SigningKey();
const archive = new TestArchive(key);
const folder = new TemporaryFolder();
const environment = { ...ownEnvironment(folder.path), ...useArchive(folder.path, archive) };

beforeAll(() => {
  archive.publish();
});

afterAll(() => {
  archive[Symbol.dispose]();
  key[Symbol.dispose]();
  folder[Symbol.dispose]();
});

async function run(line: string, more: Record<string, string> = {}): Promise<Outcome & { text: string }> {
  const outcome = await vitrine(line.split(" "), { ...environment, ...more });
  return { ...outcome, text: outcome.out.toString() };
}

describe("vitrine catalog", () => {
  test("the first search fetches the catalog; the next needs no network", async () => {
    expect(await run("catalog status")).toMatchObject({
      status: 66,
      errors: expect.stringContaining("fix: vitrine catalog refresh"),
    });
    const first = await run("search calculator");
    expect(first).toMatchObject({ status: 0, errors: expect.stringContaining("catalog: making the index") });
    archive.takeRequests();
    const second = await run("search calculator");
    expect(second).toMatchObject({ status: 0, errors: "", text: first.text });
    expect(archive.takeRequests()).toEqual([]);
  });

  test("refresh says what happened, status what there is", async () => {
    expect((await run("catalog refresh")).errors).toContain("catalog: up to date");
    expect(JSON.parse((await run("catalog refresh --json --force")).text)).toMatchObject({
      changed: true,
      components: 2,
    });
    const { text } = await run("catalog status");
    expect(text).toMatch(
      /^SOURCE +SIGNED +COMPONENTS +LEFT OUT\ndebian trixie +\d{4}-\d\d-\d\d +2 +0\n4 packages; up to date on /,
    );
    expect(JSON.parse((await run("catalog status --json")).text).sources[0].drops).toEqual({});
  });
});

describe("vitrine search", () => {
  test("desktop applications; with --all the rest too", async () => {
    expect((await run("search calculator")).text).toBe(
      "NAME        ID                VERSION  PACKAGE  INSTALLED IN  SUMMARY\nCalculator  org.example.Calc      2.5  calc                -  Do sums\n",
    );
    expect((await run("search --all calculator")).text).toContain("Calculator Sans");
  });

  test("in the reader's language, and still in English", async () => {
    const german = { LANG: "de_AT.UTF-8" };
    for (const word of ["taschenrechner", "calculator", "rechnungen"]) {
      expect((await run(`search ${word}`, german)).text).toContain("Taschenrechner  org.example.Calc");
    }
    expect((await run("search taschenrechner")).status).toBe(66);
  });

  test("spelling mistakes, and names to try when nothing matches", async () => {
    expect((await run("search calclator")).text).toContain("org.example.Calc");
    const nothing = await run("search calcify");
    expect(nothing).toMatchObject({ status: 66, text: "" });
    expect(JSON.parse((await run("search --json calcify")).text)).toMatchObject({
      total: 0,
      nearest: ["org.example.Calc"],
    });
    expect(nothing.errors).toStartWith(
      'vitrine: Cannot find "calcify": no app matches\n  fix: did you mean org.example.Calc',
    );
  });

  test("JSON, with the sandboxes and images that hold it", async () => {
    const images = join(environment.XDG_DATA_HOME ?? "", "vitrine", "images");
    mkdirSync(images, { recursive: true });
    writeFileSync(join(images, "sums.json"), JSON.stringify({ inputs: { packages: ["calc"] } }));
    writeFileSync(join(images, "broken.json"), "{");
    const sandbox = join(environment.XDG_DATA_HOME ?? "", "vitrine", "sandboxes", "desk");
    mkdirSync(sandbox, { recursive: true });
    const system = { apps: [{ source: { kind: "archive", package: "calc" } }] };
    writeFileSync(join(sandbox, "sandbox.json"), JSON.stringify({ system }));
    expect(JSON.parse((await run("search --json sums")).text)).toEqual({
      query: "sums",
      total: 1,
      matches: [
        {
          id: "org.example.Calc",
          name: "Calculator",
          summary: "Do sums",
          version: "2.5",
          package: "calc",
          kind: "desktop-application",
          source: "debian trixie",
          sandboxes: ["desk"],
          images: ["sums"],
        },
      ],
    });
    expect((await run("search sums")).text).toContain("desk, image sums");
    expect((await run("info calc")).text).toContain("in sandbox desk; in image sums");
    rmSync(sandbox, { recursive: true });
  });

  test("wrong usage", async () => {
    expect((await run("search")).status).toBe(64);
    expect((await run("search --limit -1 x")).status).toBe(64);
    expect((await run("search --limit many x")).errors).toContain("want 0 or more");
  });

  test("no more than was asked for, and how many more there are", async () => {
    const { text, errors } = await run("search --all --limit 1 calculator");
    expect(text.trim().split("\n")).toHaveLength(2);
    expect(errors).toBe("1 more; --limit 0 shows all\n");
  });
});

describe("vitrine info", () => {
  test("by id, desktop file, package or name; in the reader's language", async () => {
    const { text } = await run("info org.example.Calc");
    for (const name of ["org.example.Calc.desktop", "calc", "Calculator", "ORG.EXAMPLE.CALC"]) {
      expect([name, (await run(`info ${name}`)).text]).toEqual([name, text]);
    }
    expect(text).toStartWith("Calculator: Do sums\n\nAdds and subtracts.\n\n• fast\n• exact\n\n");
    for (const line of [
      "Package     calc 1:2.5+dfsg1-3",
      "Licence     GPL-3.0-or-later",
      "Home page   https://calc.example/",
      "Categories  Utility, Calculator",
      "Download    10 KB; with all it needs at most 41 KB (2 packages)",
      "network            internet",
      "https://media.example/x/calc/one.png",
    ]) {
      expect(text).toContain(line);
    }
    expect((await run("info Taschenrechner", { LANG: "de_DE.UTF-8" })).text).toStartWith(
      "Taschenrechner: Rechnungen ausführen\n",
    );
  });

  test("JSON names the icon's file, which is there", async () => {
    const details = JSON.parse((await run("info --json calc")).text);
    expect(details).toMatchObject({ id: "org.example.Calc", size: { packages: 2 }, permissions: expect.any(Array) });
    expect(await Bun.file(details.icon).bytes()).toEqual(new Uint8Array(png(64, 64)));
    expect(JSON.parse((await run("info --json libmaths1")).text)).toMatchObject({
      id: null,
      icon: null,
      name: "libmaths1",
    });
  });

  test("what is not there: the nearest names", async () => {
    expect(await run("info calk")).toMatchObject({ status: 66, errors: expect.stringContaining("did you mean") });
    expect((await run("info libmath1")).errors).toContain("libmaths1");
  });

  test("shells get ids proposed", async () => {
    expect((await run("__complete info org.ex")).text).toBe("org.example.Calc\n");
  });
});

describe("what can go wrong around it", () => {
  test("a full disk: said so, and nothing half-done is left", async () => {
    using place = new TemporaryFolder();
    using other = new TestArchive(key);
    const noise = crypto.getRandomValues(new Uint8Array(60_000));
    other.publish({
      icons: Object.fromEntries(["a", "b", "c", "d"].map((name) => [`${name}.png`, noise])),
      components: CALCULATOR,
    });
    const variables = { ...ownEnvironment(place.path), ...useArchive(place.path, other) };
    mkdirSync(variables.XDG_DATA_HOME ?? "");
    const script =
      'mount -t tmpfs -o size=128k none "$XDG_DATA_HOME" && "$@"; status=$?; ls "$XDG_DATA_HOME/vitrine/catalog"; exit $status';
    const full = Bun.spawn(
      ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", ...VITRINE, "catalog", "refresh"],
      { env: variables, stdout: "pipe", stderr: "pipe" },
    );
    const [left, errors] = await Promise.all([full.stdout.text(), full.stderr.text()]);
    expect([await full.exited, errors]).toEqual([
      74,
      expect.stringContaining("the disk is full\n  fix: free disk space"),
    ]);
    expect(left.trim().split("\n")).toEqual(["files", "lock", "releases"]);
  });
});

describe("interrupted", () => {
  const PATHS = [
    "InRelease",
    "main/dep11/Components-amd64.yml.gz",
    "main/binary-amd64/Packages.gz",
    "main/dep11/icons-64x64.tar.gz",
  ];

  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    test(`by ${signal} at any of its requests: the old catalog stays, and the next refresh is well`, async () => {
      using place = new TemporaryFolder();
      using other = new TestArchive(key);
      other.publish();
      const variables = { ...ownEnvironment(place.path), ...useArchive(place.path, other) };
      expect((await vitrine(["catalog", "refresh"], variables)).status).toBe(0);
      for (const [index, path] of PATHS.entries()) {
        const date = new Date(Date.now() - 3_600_000 + index * 60_000);
        // All its files are new, so that all are asked for.
        const comment = `# ${index}\n`;
        other.publish({
          date,
          components: CALCULATOR + comment,
          packages: `${PACKAGES}\n${comment}`,
          icons: { [`${index}.png`]: png(64, 64) },
        });
        const child = startVitrine(["catalog", "refresh"], variables);
        const ended = once(child, "close");
        other.faults.set(other.path(path), () => {
          child.kill(signal);
          return new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }));
        });
        const [status, by] = await ended;
        expect([path, status, by]).toEqual([
          path,
          signal === "SIGINT" ? 130 : null,
          signal === "SIGINT" ? null : signal,
        ]);
        other.faults.clear();
        expect((await vitrine(["search", "calculator"], variables)).status).toBe(0);
      }
      const last = await vitrine(["catalog", "refresh", "--json"], variables);
      expect([last.status, JSON.parse(last.out.toString()).changed]).toEqual([0, true]);
      expect(readdirSync(join(variables.XDG_DATA_HOME ?? "", "vitrine/catalog/files"))).toHaveLength(3);
    }, 60_000);
  }
});

describe("the archive as it is", () => {
  test("is fetched and verified; common apps are found in it", async () => {
    using place = new TemporaryFolder();
    const variables = { ...ownEnvironment(place.path), HOME: place.path };
    const refreshed = await vitrine(["catalog", "refresh", "--json"], variables);
    expect([refreshed.status, refreshed.errors]).toEqual([0, expect.stringContaining("making the index")]);
    const about = JSON.parse(refreshed.out.toString());
    expect(about.components).toBeGreaterThan(2000);
    expect(about.packages).toBeGreaterThan(60_000);
    const drops: Record<string, number> = about.sources[0].drops;
    expect(Object.keys(drops).filter((reason) => !reason.startsWith("field: "))).toEqual([
      "component: id is there already",
    ]);
    for (const id of ["org.gnome.Calculator", "org.gimp.GIMP", "org.kde.kate", "firefox-esr", "libreoffice-writer"]) {
      const info = await vitrine(["info", "--json", id], variables);
      expect([id, info.status, info.errors]).toEqual([id, 0, ""]);
      const { icon, size } = JSON.parse(info.out.toString());
      expect([id, typeof icon, size.downloadWithNeeds > size.download]).toEqual([id, "string", true]);
    }
  }, 120_000);
});
