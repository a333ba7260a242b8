/** Packages for tests, put together by dpkg-deb, and an archive that has them. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestArchive } from "../../src/host/catalog/test-support.ts";
import { runTool } from "./processes.ts";

/** In milliseconds; a large one takes seconds. */
const BUILD_DEADLINE_MS = 120_000;

export interface TestPackage {
  readonly name: string;
  readonly version: string;
  /** Further lines of its control file: "Conflicts: other". */
  readonly fields?: readonly string[];
  /** Content by path; what is below a folder of programs is executable. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** What is run when it has been installed. */
  readonly postinst?: string;
}

/** Makes the package below `folder`, unless it is there; returns the path of its file. */
export async function buildPackage(folder: string, wanted: TestPackage): Promise<string> {
  const { name, version, fields = [], files, postinst } = wanted;
  const file = join(folder, `${name}_${version}_all.deb`);
  if (existsSync(file)) return file;
  const tree = join(folder, `${name}-tree`);
  rmSync(tree, { recursive: true, force: true });
  const write = (path: string, content: string | Uint8Array, mode: number) => {
    mkdirSync(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(tree, path), content, { mode });
  };
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    "Architecture: all",
    "Maintainer: Nobody <nobody@example.org>",
    "Installed-Size: 10",
    "Section: math",
    ...fields,
    `Description: ${name} for tests`,
  ];
  write("DEBIAN/control", `${control.join("\n")}\n`, 0o644);
  if (postinst !== undefined) write("DEBIAN/postinst", `#!/bin/sh\nset -e\n${postinst}\n`, 0o755);
  for (const [path, content] of Object.entries(files)) write(path, content, /\/s?bin\//.test(path) ? 0o755 : 0o644);
  await runTool("dpkg-deb", ["--root-owner-group", "-Zgzip", "-z1", "--build", tree, file], {}, BUILD_DEADLINE_MS);
  rmSync(tree, { recursive: true });
  return file;
}

/** Has an archive offer these packages, and `components` as its catalog. */
export async function publishPackages(
  archive: TestArchive,
  folder: string,
  packages: readonly TestPackage[],
  components: string,
): Promise<void> {
  const paragraphs: string[] = [];
  for (const wanted of packages) {
    const data = readFileSync(await buildPackage(folder, wanted));
    const path = `pool/${wanted.name}_${wanted.version}_all.deb`;
    archive.files.set(`/debian/${path}`, data);
    paragraphs.push(
      [
        `Package: ${wanted.name}`,
        `Version: ${wanted.version}`,
        "Architecture: all",
        "Maintainer: Nobody <nobody@example.org>",
        "Installed-Size: 10",
        "Section: math",
        ...(wanted.fields ?? []),
        `Filename: ${path}`,
        `Size: ${data.length}`,
        `SHA256: ${createHash("sha256").update(data).digest("hex")}`,
        `Description: ${wanted.name} for tests`,
        "",
      ].join("\n"),
    );
  }
  // A release file that is not newer than the one before would be taken for the same.
  archive.publish({ packages: paragraphs.join("\n"), components, date: new Date() });
}
