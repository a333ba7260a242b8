/**
 * What packages need, as numbers: packages in the order of their names, each with its size and the packages that it needs.
 * It answers one question, how much an installation will take, and answers it as an estimate: of the packages that could
 * meet a need the first one counts, versions do not, and what the base image holds already is free.
 */
import type { PackageEntry } from "./packages-file.ts";

/** A graph as it lies in the index: needs of package i are needs[firstNeed[i]] to needs[firstNeed[i + 1]]. */
export interface PackageGraph {
  readonly firstNeed: Uint32Array;
  readonly needs: Uint32Array;
  /** KiB to download, KiB installed. */
  readonly downloadKib: Uint32Array;
  readonly installedKib: Uint32Array;
  /** 1 for what every image holds. */
  readonly inBase: Uint8Array;
}

export interface InstallSize {
  /** Bytes. */
  readonly download: number;
  readonly installed: number;
  readonly packages: number;
}

/** Makes the graph of `entries`, which are sorted by name. `base` names what every image holds, beside what is essential. */
export function buildPackageGraph(entries: readonly PackageEntry[], base: readonly string[]): PackageGraph {
  const numbers = new Map(entries.map((entry, index) => [entry.name, index]));
  const providers = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    for (const name of entry.provides) if (!providers.has(name)) providers.set(name, index);
  }
  const firstNeed = new Uint32Array(entries.length + 1);
  const needs: number[] = [];
  for (const [index, entry] of entries.entries()) {
    const met = new Set<number>();
    for (const clause of entry.needs) {
      const name = clause.find((part) => numbers.has(part)) ?? clause.find((part) => providers.has(part));
      const number = name === undefined ? undefined : (numbers.get(name) ?? providers.get(name));
      if (number !== undefined && number !== index) met.add(number);
    }
    needs.push(...met);
    firstNeed[index + 1] = needs.length;
  }
  const graph: PackageGraph = {
    firstNeed,
    needs: Uint32Array.from(needs),
    downloadKib: Uint32Array.from(entries, (entry) => Math.ceil(entry.download / 1024)),
    installedKib: Uint32Array.from(entries, (entry) => entry.installedKib),
    inBase: new Uint8Array(entries.length),
  };
  const roots = entries.flatMap((entry, index) => (entry.essential || base.includes(entry.name) ? [index] : []));
  for (const number of reachable(graph, roots)) graph.inBase[number] = 1;
  return graph;
}

/** What installing the packages of those numbers takes, with all they need and the base image has not. */
export function installSize(graph: PackageGraph, packages: readonly number[]): InstallSize {
  const wanted = [...reachable(graph, packages)].filter((number) => graph.inBase[number] === 0);
  const sum = (sizes: Uint32Array): number => wanted.reduce((total, number) => total + (sizes[number] ?? 0), 0) * 1024;
  return { download: sum(graph.downloadKib), installed: sum(graph.installedKib), packages: wanted.length };
}

/** `roots` and all they need, directly or not. */
function reachable(graph: PackageGraph, roots: readonly number[]): Set<number> {
  const found = new Set(roots);
  // A set that is walked also visits what is added on the way.
  for (const number of found) {
    const end = graph.firstNeed[number + 1] ?? 0;
    for (let at = graph.firstNeed[number] ?? 0; at < end; at++) found.add(graph.needs[at] ?? number);
  }
  return found;
}
