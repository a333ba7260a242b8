import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { entryCommand, splitExec } from "./desktop-entry.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "vitrine-entry-"));
  for (const folder of ["usr/share/applications", "usr/local/share/applications", "etc/alternatives"]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
});
afterAll(() => rmSync(root, { recursive: true }));

function command(exec: string, files: string[] = [], action: string | null = null): string[] {
  const text = [
    "[Desktop Entry]",
    "Name=The App",
    "Name[de]=Die App",
    "Icon=app",
    `Exec=${exec}`,
    "Exec=second",
    "",
    "[Desktop Action new]",
    "Name=New",
    "Exec=app --new",
  ].join("\n");
  writeFileSync(join(root, "usr/share/applications/app.desktop"), text);
  return entryCommand(root, ["app", ...files], action);
}

describe("the command of a desktop entry", () => {
  test.each([
    ["app", [], ["app"]],
    ["app --flag  value", [], ["app", "--flag", "value"]],
    ["app %f", ["a", "b"], ["app", "a"]],
    ["app %F --end", ["a", "b"], ["app", "a", "b", "--end"]],
    ["app %u", [], ["app"]],
    ["app --url=%u", ["http://a"], ["app", "--url=http://a"]],
    ["app %U", ["a b", "$c"], ["app", "a b", "$c"]],
    ["app", ["a"], ["app", "a"]],
    ["app %i %c %k %d 100%%", [], ["app", "--icon", "app", "The App", "100%"]],
    ['"/opt/the app/run" "a \\\\"b\\\\" \\\\$c" d', [], ["/opt/the app/run", 'a "b" $c', "d"]],
    ['env A="b c" app', [], ["env", "A=b c", "app"]],
    ["env GDK_BACKEND=x11 A=b app %F", ["c"], ["env", "A=b", "app", "c"]],
    ["env QT_QPA_PLATFORM=xcb app", [], ["env", "app"]],
    ["env GDK_BACKEND=wayland app", [], ["env", "GDK_BACKEND=wayland", "app"]],
  ])("%s with %p", (exec, files, expected) => {
    expect(command(exec, files)).toEqual(expected);
  });

  test("of an action", () => {
    expect(command("app", [], "new")).toEqual(["app", "--new"]);
  });

  test("is found behind links of the image, and in the local folder first", () => {
    writeFileSync(join(root, "etc/alternatives/linked"), "[Desktop Entry]\nExec=linked\n");
    symlinkSync("/etc/alternatives/linked", join(root, "usr/share/applications/linked.desktop"));
    expect(entryCommand(root, ["linked"], null)).toEqual(["linked"]);
    writeFileSync(join(root, "usr/local/share/applications/linked.desktop"), "[Desktop Entry]\nExec=local\n");
    expect(entryCommand(root, ["linked"], null)).toEqual(["local"]);
  });

  test("that is not there is told", () => {
    const failure = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return VitrineError.from(error);
      }
      return undefined;
    };
    expect(failure(() => entryCommand(root, ["missing"], null))?.code).toBe("not-found");
    expect(failure(() => entryCommand(root, ["../applications/app"], null))?.code).toBe("not-found");
    expect(failure(() => command("app", [], "old"))?.code).toBe("not-found");
    expect(failure(() => command(""))?.code).toBe("invalid-argument");
  });

  test("words of any value come out", () => {
    expect(splitExec('a "b')).toEqual(["a", "b"]);
    expect(splitExec("")).toEqual([]);
  });
});
