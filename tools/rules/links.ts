/** Links between documents lead somewhere. */
import { dirname, join } from "node:path";
import type { Rule, SourceFile, Violation } from "./rule.ts";

const LINK = /!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g;

/** Every relative link of a Markdown file names a file or folder of the tree, and its #part a heading there. */
export const linkRule: Rule = (files) => {
  const paths = new Set(files.flatMap((file) => [file.path, ...parents(file.path)]));
  const documents = new Map(files.filter(isDocument).map((file) => [file.path, anchors(file.text)]));
  return files.filter(isDocument).flatMap((file) =>
    links(file.text).flatMap(({ target, line }): Violation[] => {
      const [to = "", part] = target.split("#");
      const path = to === "" ? file.path : join(dirname(file.path), decodeURIComponent(to)).replace(/\/$/, "");
      // Pictures are not among the text files that the rules read, so only their folder can be asked for.
      const known = paths.has(path) || (/\.(png|svg)$/.test(path) && paths.has(dirname(path)));
      if (!known) return [{ path: file.path, line, message: `links to "${target}", which is not in the tree` }];
      if (part === undefined || documents.get(path)?.has(part) !== false) return [];
      return [{ path: file.path, line, message: `links to "${target}", but "${path}" has no such heading` }];
    }),
  );
};

function isDocument(file: SourceFile): boolean {
  return file.path.endsWith(".md");
}

function parents(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? ["."] : [folder, ...parents(folder)];
}

function links(text: string): { target: string; line: number }[] {
  return withoutCode(text).flatMap((content, index) =>
    [...content.matchAll(LINK)]
      .map((match) => match[1] ?? "")
      .filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
      .map((target) => ({ target, line: index + 1 })),
  );
}

/** Names of headings the way GitHub makes them. */
function anchors(text: string): Set<string> {
  const names = new Set<string>();
  for (const line of withoutCode(text)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const name = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let unique = name;
    for (let count = 1; names.has(unique); count++) unique = `${name}-${count}`;
    names.add(unique);
  }
  return names;
}

/** The lines of `text`; those of fenced code blocks are empty, inline code is blanked (headings keep its words). */
function withoutCode(text: string): string[] {
  let fenced = false;
  return text.split("\n").map((line) => {
    if (/^\s*(```|~~~)/.test(line)) {
      fenced = !fenced;
      return "";
    }
    if (fenced) return "";
    return line.startsWith("#") ? line.replaceAll("`", "") : line.replace(/`[^`]*`/g, "");
  });
}
