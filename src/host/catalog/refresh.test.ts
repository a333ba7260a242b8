import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { Catalog } from "./catalog.ts";
import { configuredSources } from "./configuration.ts";
import { catalogPaths } from "./directories.ts";
import { type RefreshOptions, type RefreshResult, refreshCatalog } from "./refresh.ts";
import { search } from "./search.ts";
import { CALCULATOR, SigningKey, TemporaryFolder, TestArchive, useArchive, useSources } from "./test-support.ts";

const DAY_MS = 86_400_000;
const key = new SigningKey();
const archive = new TestArchive(key);
const INRELEASE = archive.path("InRelease");
const COMPONENTS = archive.path("main/dep11/Components-amd64.yml.gz");

afterAll(() => {
  archive[Symbol.dispose]();
  key[Symbol.dispose]();
});

beforeEach(() => {
  archive.faults.clear();
  archive.files.clear();
  archive.publish();
  archive.takeRequests();
});

async function refresh(
  environment: Record<string, string>,
  more: Partial<RefreshOptions> = {},
): Promise<RefreshResult> {
  return await refreshCatalog(configuredSources(environment), { environment, ...more });
}

async function refusal(environment: Record<string, string>, more: Partial<RefreshOptions> = {}): Promise<VitrineError> {
  try {
    await refresh(environment, more);
  } catch (error) {
    return VitrineError.from(error);
  }
  throw new Error("it was not refused");
}

/** Ids that a search for everything finds. */
function ids(environment: Record<string, string>): string[] {
  using catalog = Catalog.open(environment);
  return catalog === undefined ? [] : search(catalog, "calculator", { languages: [], all: true }).map(({ id }) => id);
}

describe("refreshing from an archive", () => {
  test("gets what is signed, and searches it offline afterwards", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    const { changed, about } = await refresh(environment);
    expect(changed).toBe(true);
    expect(about).toMatchObject({ components: 2, packages: 4, sources: [{ name: "debian trixie", drops: {} }] });
    expect(ids(environment)).toEqual(["org.example.Calc", "org.example.Sans"]);
    expect(readdirSync(catalogPaths(environment).directory).sort()).toEqual(["files", "index", "lock", "releases"]);
  });

  test("asks conditionally, and fetches nothing that it has", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    archive.takeRequests();
    expect((await refresh(environment)).changed).toBe(false);
    expect(archive.takeRequests().map(({ path, status }) => [path, status])).toEqual([[INRELEASE, 304]]);
  });

  test("a newer release with one new file: that file alone is fetched", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    archive.publish({ date: new Date(), components: CALCULATOR.replaceAll("org.example.Calc", "org.example.Count") });
    archive.takeRequests();
    expect((await refresh(environment)).changed).toBe(true);
    expect(archive.takeRequests().map(({ path }) => path)).toEqual([INRELEASE, COMPONENTS]);
    expect(ids(environment)).toContain("org.example.Count");
    // What the old index was made of is gone.
    expect(readdirSync(catalogPaths(environment).files)).toHaveLength(3);
  });

  test("an interrupted download is gone on with", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    const whole = archive.files.get(COMPONENTS) as Uint8Array;
    archive.faults.set(COMPONENTS, () => new Response(new Uint8Array(whole).slice(0, 100)));
    expect((await refusal(environment)).code).toBe("corrupt");
    // A file that came to its end too early has a wrong digest and is thrown away; one that broke off is kept.
    const files = catalogPaths(environment).files;
    const digest = new Bun.CryptoHasher("sha256").update(new Uint8Array(whole)).digest("hex");
    writeFileSync(join(files, `${digest}.part`), whole.subarray(0, 100));
    archive.faults.clear();
    archive.takeRequests();
    await refresh(environment);
    const request = archive.takeRequests().find(({ path }) => path === COMPONENTS);
    expect([request?.headers.get("range"), request?.status]).toEqual(["bytes=100-", 206]);
  });

  test("a beginning that does not fit is thrown away, and the file fetched whole", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    const whole = archive.files.get(COMPONENTS) as Uint8Array;
    const digest = new Bun.CryptoHasher("sha256").update(new Uint8Array(whole)).digest("hex");
    await refusal(useSources(folder.path, [{ kind: "directory", name: "none", path: "/nowhere" }]));
    writeFileSync(join(catalogPaths(environment).files, `${digest}.part`), new Uint8Array(100));
    useArchive(folder.path, archive);
    await refresh(environment);
    const ranges = archive.takeRequests().filter(({ path }) => path === COMPONENTS);
    expect(ranges.map(({ headers }) => headers.get("range"))).toEqual(["bytes=100-", null]);
    expect(ids(environment)).toContain("org.example.Calc");
  });

  test("two at once: one works, the other waits and has nothing to do", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    const results = await Promise.all([refresh(environment), refresh(environment)]);
    expect(results.map(({ changed }) => changed).sort()).toEqual([false, true]);
  });

  test("cancelled, it leaves the old catalog", async () => {
    using folder = new TemporaryFolder();
    const environment = useArchive(folder.path, archive);
    await refresh(environment);
    archive.publish({ date: new Date(), components: "" });
    const controller = new AbortController();
    archive.faults.set(COMPONENTS, (_request, data) => {
      controller.abort();
      return new Response(new Uint8Array(data));
    });
    expect((await refusal(environment, { signal: controller.signal })).code).toBe("cancelled");
    expect(ids(environment)).toContain("org.example.Calc");
  });
});

describe("what is refused, with the old catalog kept", () => {
  /** A catalog that is there already; then `spoil` and a refresh, which must be refused. */
  async function refused(spoil: () => void, environment: Record<string, string>): Promise<VitrineError> {
    await refresh(environment);
    const before = readFileSync(catalogPaths(environment).index);
    archive.publish({ date: new Date(), components: CALCULATOR.replaceAll("org.example", "org.other") });
    spoil();
    const error = await refusal(environment);
    expect(readFileSync(catalogPaths(environment).index).equals(before)).toBe(true);
    // And with the archive mended all is well.
    archive.faults.clear();
    archive.publish({ date: new Date(), components: CALCULATOR.replaceAll("org.example", "org.other") });
    useArchive(environment.HOME ?? "", archive);
    await refresh(environment);
    expect(ids(environment)).toContain("org.other.Calc");
    return error;
  }

  const CASES: Record<string, { spoil: () => void; code: string; says: string }> = {
    "text changed after signing": {
      spoil: () => replaceInRelease((text) => text.replace("Origin: Test", "Origin: Tost")),
      code: "corrupt",
      says: "signature is wrong",
    },
    "no signature at all": {
      spoil: () => replaceInRelease(signedBody),
      code: "corrupt",
      says: "not one signed text",
    },
    "signed by a key that is not in the keyring": {
      spoil: () => {
        using stranger = new SigningKey();
        archive.files.set(INRELEASE, stranger.sign(signedBody()));
      },
      code: "corrupt",
      says: "NO_PUBKEY",
    },
    "a Valid-Until that is over": {
      spoil: () => archive.publish({ date: new Date(), validUntil: new Date(Date.now() - DAY_MS) }),
      code: "corrupt",
      says: "it was valid until",
    },
    "an older release, replayed": {
      spoil: () => archive.publish({ date: new Date(Date.now() - 30 * DAY_MS) }),
      code: "corrupt",
      says: "older than the one of",
    },
    "another suite": {
      spoil: () => archive.publish({ date: new Date(), suite: "sid" }),
      code: "corrupt",
      says: 'signed for suite "sid, sid", "trixie" was asked for',
    },
    "a file with another digest": {
      spoil: () =>
        archive.faults.set(COMPONENTS, (_request, data) => new Response(new Uint8Array(data).map((byte) => byte ^ 1))),
      code: "corrupt",
      says: "its digest is not the one that is signed",
    },
    "a file that ends too early": {
      spoil: () => archive.faults.set(COMPONENTS, (_request, data) => new Response(new Uint8Array(data).slice(0, 50))),
      code: "corrupt",
      says: "it has 50 bytes",
    },
    "a file without end": {
      spoil: () => archive.faults.set(COMPONENTS, () => new Response(new Uint8Array(1024 * 1024))),
      code: "limit",
      says: "bytes allowed",
    },
    "a file that is gone": {
      spoil: () => archive.files.delete(COMPONENTS),
      code: "not-found",
      says: "the server has no such file",
    },
    "a server that fails": {
      spoil: () => archive.faults.set(INRELEASE, () => new Response("", { status: 503 })),
      code: "unavailable",
      says: "status 503",
    },
    "a server that leads to a file of this machine": {
      spoil: () =>
        archive.faults.set(
          INRELEASE,
          () => new Response("", { status: 302, headers: { location: "file:///etc/passwd" } }),
        ),
      code: "unavailable",
      says: "leads elsewhere",
    },
    "a circle of redirections": {
      spoil: () =>
        archive.faults.set(INRELEASE, () => new Response("", { status: 302, headers: { location: INRELEASE } })),
      code: "unavailable",
      says: "redirections",
    },
  };

  for (const [name, { spoil, code, says }] of Object.entries(CASES)) {
    test(name, async () => {
      using folder = new TemporaryFolder();
      const error = await refused(spoil, useArchive(folder.path, archive));
      expect(error.message).toContain(says);
      expect(error.code).toBe(code as VitrineError["code"]);
    });
  }

  test("text around the signed one, and two signed ones in a file", async () => {
    const forged = "Codename: trixie\n";
    for (const change of [
      (text: string) => forged + text,
      (text: string) => text + forged,
      (text: string) => text + text,
      (text: string) => text.replace("-----BEGIN PGP SIGNATURE", `-----BEGIN PGP SIGNED MESSAGE-----\n\n${forged}$&`),
    ]) {
      using folder = new TemporaryFolder();
      archive.publish();
      replaceInRelease(change);
      const error = await refusal(useArchive(folder.path, archive));
      expect([error.code, error.message]).toEqual(["corrupt", expect.stringContaining("not one signed text")]);
    }
  });

  test("an unknown suite", async () => {
    using folder = new TemporaryFolder();
    const source = { kind: "debian", suite: "nosuch", archive: archive.address, keyring: key.keyring };
    expect(await refusal(useSources(folder.path, [source]))).toMatchObject({ code: "not-found" });
  });

  test("an unknown component, with those that there are", async () => {
    using folder = new TemporaryFolder();
    const source = {
      kind: "debian",
      suite: "trixie",
      components: ["games"],
      archive: archive.address,
      keyring: key.keyring,
    };
    expect(await refusal(useSources(folder.path, [source]))).toMatchObject({
      code: "not-found",
      fix: "one of: main, contrib",
    });
  });

  test("no network", async () => {
    using folder = new TemporaryFolder();
    const nobody = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
    const address = `http://127.0.0.1:${nobody.port}`;
    await nobody.stop(true);
    const source = { kind: "debian", suite: "trixie", archive: address, keyring: key.keyring };
    const error = await refusal(useSources(folder.path, [source]));
    expect(error).toMatchObject({ code: "unavailable", fix: expect.stringContaining("network") });
  });

  test("signed by several keys, one of which the keyring knows: believed", async () => {
    using folder = new TemporaryFolder();
    archive.files.set(INRELEASE, key.sign(signedBody(), "a stranger"));
    await refresh(useArchive(folder.path, archive));
  });

  test("a keyring that is not there", async () => {
    using folder = new TemporaryFolder();
    const source = { kind: "debian", suite: "trixie", archive: archive.address, keyring: "/nowhere/keyring.gpg" };
    expect(await refusal(useSources(folder.path, [source]))).toMatchObject({ code: "corrupt" });
  });
});

function replaceInRelease(change: (text: string) => string): void {
  archive.files.set(INRELEASE, Buffer.from(change(Buffer.from(archive.files.get(INRELEASE) ?? []).toString())));
}

/** The text of the release file, without its signature. */
function signedBody(): string {
  const text = Buffer.from(archive.files.get(INRELEASE) ?? []).toString();
  return text.replace(/^-----BEGIN PGP SIGNED[\s\S]*?\n\n/, "").replace(/-----BEGIN PGP SIG[\s\S]*/, "");
}
