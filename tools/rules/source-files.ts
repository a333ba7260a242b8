/** Reads the tree that the rules look at. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "./rule.ts";

/** Folders that hold nothing of ours. */
const SKIPPED_FOLDERS = new Set([".git", "node_modules", "build"]);
/** Files that are made, not written; git does not keep them. */
const SKIPPED_FILES = /\.(log|img|erofs)$/;
/** Files without text of their own: only that they are there counts. */
const BINARY_FILES = /\.png$/;

/** All text files below `root`, by path. */
export function readTree(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) visit(path);
      } else if (entry.isFile() && !SKIPPED_FILES.test(entry.name)) {
        const text = BINARY_FILES.test(entry.name) ? "" : readFileSync(join(root, path), "utf8");
        if (!text.includes("\0")) files.push({ path, text });
      }
    }
  };
  visit("");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
