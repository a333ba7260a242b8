/** From a tree of protocol XML to the text of every generated file. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { emitProtocol, emitRegistry } from "./emit.ts";
import { type Protocol, parseProtocol } from "./protocol-xml.ts";

/**
 * Where protocols lie below /usr/share, folders or single files; later ones are preferred where interface names clash.
 * Of Plasma's own, most of which no guest may have, the one that toolkits of others use as well.
 */
const PLACES: readonly string[] = [
  "plasma-wayland-protocols/server-decoration.xml",
  "wayland-protocols/unstable",
  "wayland-protocols/staging",
  "wayland-protocols/stable",
  "wayland",
];

/** File name -> text. `share` is the /usr/share that has the XML. */
export function generateTables(share: string): Map<string, string> {
  const protocols: Protocol[] = [];
  for (const place of PLACES) {
    const path = join(share, place);
    if (!existsSync(path)) throw new Error(`${path} is not there: the XML of the packages is wanted`);
    for (const file of xmlFiles(path)) protocols.push(parseProtocol(readFileSync(file, "utf8"), file));
  }
  const files = new Map(protocols.map((protocol) => [`${protocol.name}.ts`, emitProtocol(protocol)]));
  if (files.size !== protocols.length) throw new Error(`two files below ${share} have the same name`);
  files.set("all.ts", emitRegistry(protocols));
  return files;
}

function xmlFiles(directory: string): string[] {
  if (directory.endsWith(".xml")) return [directory];
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  // By the name of the file alone: that is the order whatever the folders are called.
  const key = (name: string): string => basename(name);
  return names
    .filter((name) => name.endsWith(".xml"))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map((name) => join(directory, name));
}
