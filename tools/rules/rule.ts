/** What a rule of the tree is: a pure function over files, so that its test can plant a violation. */

/** A text file of the tree; `path` is relative to the root, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  /** Line of the violation, from 1; absent when it is the whole file. */
  readonly line?: number;
  readonly message: string;
}

export type Rule = (files: readonly SourceFile[]) => Violation[];

/** One violation for each line that `pattern` matches; `message` gets the match. */
export function matchingLines(
  file: SourceFile,
  pattern: RegExp,
  message: (match: string) => string | undefined,
): Violation[] {
  const violations: Violation[] = [];
  for (const [index, line] of file.text.split("\n").entries()) {
    for (const match of line.matchAll(pattern)) {
      const text = message(match[0]);
      if (text !== undefined) violations.push({ path: file.path, line: index + 1, message: text });
    }
  }
  return violations;
}

export function isTypeScript(file: SourceFile): boolean {
  return file.path.endsWith(".ts");
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.endsWith("test-support.ts") || path.startsWith("tests/");
}

export function isGenerated(path: string): boolean {
  return path.includes("/generated/");
}
