/** An archive of our own for tests: made in memory, signed with a throw-away key, served on loopback. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";

/** A folder that goes with the test. */
export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "vitrine-catalog-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const OWNER = "the archive";

/** A key that signs, and the keyring that knows it. */
export class SigningKey implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), "vitrine-gpg-"));
  readonly keyring = join(this.#home, "keyring.gpg");

  constructor() {
    this.#generate(OWNER);
    writeFileSync(this.keyring, this.#gpg(["--export"]));
  }

  /** The text, clear-signed; by a key for `other`, that the keyring does not know, too. */
  sign(text: string, other?: string): Buffer {
    if (other !== undefined) this.#generate(other);
    const signers = [OWNER, ...(other === undefined ? [] : [other])];
    return this.#gpg([...signers.flatMap((name) => ["--local-user", name]), "--clear-sign"], text);
  }

  #generate(name: string): void {
    this.#gpg(["--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", "never"]);
  }

  #gpg(args: readonly string[], input = ""): Buffer {
    const options = ["--homedir", this.#home, "--batch", "--quiet", "--no-tty"];
    const { status, stdout, stderr } = spawnSync("gpg", [...options, ...args], { input });
    if (status !== 0) throw new Error(`gpg ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  [Symbol.dispose](): void {
    spawnSync("gpgconf", ["--homedir", this.#home, "--kill", "all"]);
    // gpg's agent removes its sockets while it ends, which may get in the way of removing the folder around them.
    while (existsSync(this.#home)) rmSync(this.#home, { recursive: true, force: true });
  }
}

export interface ArchiveContent {
  readonly suite?: string;
  readonly date?: Date;
  readonly validUntil?: Date;
  /** YAML documents after the header. */
  readonly components?: string;
  readonly packages?: string;
  /** Icons by file name. */
  readonly icons?: Readonly<Record<string, Uint8Array>>;
  /** Files beside those of main, by path. */
  readonly more?: Readonly<Record<string, Uint8Array>>;
}

export interface Request {
  readonly path: string;
  readonly headers: Headers;
  readonly status: number;
}

const DAY_MS = 86_400_000;

/** An archive with one suite and one component, main, for amd64. */
export class TestArchive implements Disposable {
  readonly key: SigningKey;
  readonly files = new Map<string, Uint8Array>();
  readonly requests: Request[] = [];
  /** Answers instead of the file of that path. */
  readonly faults = new Map<string, (request: globalThis.Request, data: Uint8Array) => Response>();
  readonly #server: Bun.Server<undefined>;

  constructor(key: SigningKey) {
    this.key = key;
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#serve(request) });
  }

  get address(): string {
    return `http://127.0.0.1:${this.#server.port}/debian`;
  }

  /** Path of a file of main in the suite trixie, as requests name it. */
  path(name: string): string {
    return `/debian/dists/trixie/${name}`;
  }

  /** Makes the suite anew, signed. */
  publish(content: ArchiveContent = {}): void {
    const { suite = "trixie", date = new Date(Date.now() - DAY_MS), validUntil } = content;
    const header = "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: test\nMediaBaseUrl: https://media.example/x\n";
    const files: Record<string, Uint8Array> = {
      "main/dep11/Components-amd64.yml": Buffer.from(header + (content.components ?? CALCULATOR)),
      "main/binary-amd64/Packages": Buffer.from(content.packages ?? PACKAGES),
      "main/dep11/icons-64x64.tar": tar(content.icons ?? { "calc_calc.png": png(64, 64) }),
      ...content.more,
    };
    for (const [path, data] of Object.entries(files)) files[`${path}.gz`] = Bun.gzipSync(new Uint8Array(data));
    const lines = Object.entries(files).map(
      ([path, data]) => ` ${createHash("sha256").update(data).digest("hex")} ${data.length} ${path}`,
    );
    const until = validUntil === undefined ? [] : [`Valid-Until: ${validUntil.toUTCString()}`];
    const release = [
      "Origin: Test",
      `Suite: ${suite}`,
      `Codename: ${suite}`,
      `Date: ${date.toUTCString()}`,
      ...until,
      "Architectures: amd64",
      "Components: main contrib",
      "SHA256:",
      ...lines,
    ];
    for (const [path, data] of Object.entries(files)) this.files.set(`/debian/dists/trixie/${path}`, data);
    this.files.set("/debian/dists/trixie/InRelease", this.key.sign(`${release.join("\n")}\n`));
  }

  /** Requests since the last call. */
  takeRequests(): Request[] {
    return this.requests.splice(0);
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  #serve(request: globalThis.Request): Response {
    const path = new URL(request.url).pathname;
    const data = this.files.get(path);
    const fault = this.faults.get(path);
    const response = fault?.(request, data ?? new Uint8Array(0)) ?? answer(request, data);
    this.requests.push({ path, headers: request.headers, status: response.status });
    return response;
  }
}

/** What an ordinary server says: whole files, parts, and 304 for what the client has already. */
function answer(request: globalThis.Request, data: Uint8Array | undefined): Response {
  if (data === undefined) return new Response("no such file", { status: 404 });
  const etag = `"${createHash("sha256").update(data).digest("hex").slice(0, 16)}"`;
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
  const start = /^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1];
  const body = new Uint8Array(data);
  if (start === undefined) return new Response(body, { headers: { etag } });
  const range = `bytes ${start}-${data.length - 1}/${data.length}`;
  return new Response(body.slice(Number(start)), { status: 206, headers: { etag, "content-range": range } });
}

export const CALCULATOR = `---
Type: desktop-application
ID: org.example.Calc.desktop
Package: calc
Name:
  C: Calculator
  de: Taschenrechner
Summary:
  C: Do sums
  de: Rechnungen ausführen
Description:
  C: <p>Adds and <em>subtracts</em>.</p><ul><li>fast</li><li>exact</li></ul>
Keywords:
  C: [arithmetic, maths]
Categories: [Utility, Calculator]
ProjectLicense: GPL-3.0-or-later
Url:
  homepage: https://calc.example/
Icon:
  cached:
  - {name: calc_calc.png, width: 64, height: 64}
Launchable:
  desktop-id: [org.example.Calc.desktop]
Screenshots:
- default: true
  source-image: {url: calc/one.png, width: 640, height: 480}
---
Type: font
ID: org.example.Sans
Package: fonts-sans
Name:
  C: Calculator Sans
Summary:
  C: A font
`;

export const PACKAGES = `Package: calc
Version: 1:2.5+dfsg1-3
Installed-Size: 100
Depends: libmaths1 (>= 2) | libsums, libc6
Section: math
Homepage: https://calc.example/
Description: does sums
Size: 10240

Package: fonts-sans
Version: 1-1
Installed-Size: 50
Section: fonts
Description: a font
Size: 5120

Package: libc6
Version: 2.41-1
Essential: yes
Installed-Size: 9000
Section: libs
Description: the C library
Size: 900000

Package: libmaths1
Version: 3-1
Installed-Size: 300
Section: libs
Description: mathematics
Size: 30720
`;

/** A tar archive of plain files. */
export function tar(members: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = Object.entries(members).flatMap(([name, data]) => [
    tarHeader(name, data.length, "0"),
    data,
    new Uint8Array((512 - (data.length % 512)) % 512),
  ]);
  return Buffer.concat([...parts, new Uint8Array(1024)]);
}

export function tarHeader(name: string, size: number, type: string): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, "latin1");
  header.write("0000644\0", 100, "latin1");
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124, "latin1");
  header.write("        ", 148, "latin1");
  header.write(type, 156, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

/** A PNG picture of that size, all black. */
export function png(width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const rows = deflateSync(new Uint8Array(height * (width + 1)));
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", new Uint8Array(0))]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(Bun.hash.crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** Writes the catalog's configuration below `folder`: that archive alone. Returns the environment that uses it. */
export function useArchive(folder: string, archive: TestArchive, more: readonly object[] = []): Record<string, string> {
  const { address, key } = archive;
  const debian = { kind: "debian", suite: "trixie", archive: address, keyring: key.keyring };
  return useSources(folder, [debian, ...more]);
}

export function useSources(folder: string, sources: readonly object[]): Record<string, string> {
  const config = join(folder, "config");
  mkdirSync(join(config, "vitrine"), { recursive: true });
  writeFileSync(join(config, "vitrine", "catalog.json"), JSON.stringify({ sources }));
  return { XDG_CONFIG_HOME: config, XDG_DATA_HOME: join(folder, "data"), HOME: folder };
}
