/** Reads the tree that the rules look at. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "./rule.ts";

/** Names that hold nothing of ours; .git is a file in a linked work tree. */
const SKIPPED_NAMES = new Set([".git", "node_modules", "build"]);
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
      if (SKIPPED_NAMES.has(entry.name)) continue;
      if (entry.isDirectory()) {
        visit(path);
      } else if (entry.isFile() && !SKIPPED_FILES.test(entry.name)) {
        const text = BINARY_FILES.test(entry.name) ? "" : readFileSync(join(root, path), "utf8");
        if (!text.includes("\0")) files.push({ path, text });
      }
    }
  };
  visit("");
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
