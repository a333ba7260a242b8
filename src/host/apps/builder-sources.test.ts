import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builderSources, guestAddress } from "./builder-sources.ts";

test.each([
  ["http://mirror.example/debian", "http://mirror.example/debian", "mirror.example:80"],
  ["https://mirror.example/debian/", "https://mirror.example/debian", "mirror.example:443"],
  ["http://192.168.1.7:3142/debian", "http://192.168.1.7:3142/debian", "192.168.1.7:3142"],
  // This machine's own loopback is not the guest's.
  ["http://localhost:8000/debian", "http://192.0.0.2:8000/debian", "localhost:8000"],
  ["http://127.0.0.1/debian", "http://192.0.0.2/debian", "localhost:80"],
])("an archive at %s is reached there, and nothing else is", (archive, address, host) => {
  expect(guestAddress(archive)).toEqual({ address, host });
});

test("what the user has configured stands instead of the usual archives; a proxy instead of all", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vitrine-sources-"));
  try {
    const keyring = join(folder, "key.gpg");
    writeFileSync(keyring, "key");
    mkdirSync(join(folder, "vitrine"));
    const archive = "http://127.0.0.1:9/debian";
    const sources = [{ kind: "debian", suite: "trixie", archive, keyring, components: ["main", "contrib"] }];
    writeFileSync(join(folder, "vitrine/catalog.json"), JSON.stringify({ sources }));
    const environment = { XDG_CONFIG_HOME: folder };
    expect(await builderSources("trixie", environment)).toEqual({
      lines: ["deb [signed-by=/run/packages/keyring-0.gpg] http://192.0.0.2:9/debian trixie main contrib"],
      keyrings: new Map([["keyring-0.gpg", new TextEncoder().encode("key")]]),
      network: { kind: "hosts", hosts: ["localhost:9"] },
      options: [],
    });
    const proxied = await builderSources("trixie", { ...environment, http_proxy: "http://proxy.example:3128" });
    expect(proxied.network).toEqual({ kind: "hosts", hosts: ["proxy.example:3128"] });
    expect(proxied.options).toEqual(["Acquire::http::Proxy=http://proxy.example:3128"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
