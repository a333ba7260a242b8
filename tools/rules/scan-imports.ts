/**
 * Finds what a TypeScript file imports, type-only imports included (a transpiler drops those, and they tie folders
 * together just the same). The formatter puts every statement at the start of a line, which is what this relies on.
 */

export interface Import {
  /** The module's name as written; undefined when it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
}

const STATIC = /^(?:import|export)\b(?:[^;'"`]*?\bfrom)?\s*(["'])([^"'\n]+)\1/gm;
const DYNAMIC = /\b(?:import|require)\s*\(\s*(?:(["'])([^"'\n]+)\1)?/g;

/** Every import of `text`: statements, re-exports, `import()` expressions and types, `require()`. */
export function scanImports(text: string): Import[] {
  const code = blankComments(text);
  const found: Import[] = [];
  for (const pattern of [STATIC, DYNAMIC]) {
    for (const match of code.matchAll(pattern)) {
      found.push({ specifier: match[2], line: code.slice(0, match.index).split("\n").length });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** Comments become blanks, so that prose about imports does not count; lines keep their numbers. */
function blankComments(text: string): string {
  return text
    .replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/^([ \t]*|.*[;,{(] )\/\/.*$/gm, "$1");
}
