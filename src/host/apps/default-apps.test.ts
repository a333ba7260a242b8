/** What apps open on the desktop: only what the user lets them. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rigPerTest } from "../backup/test-support.ts";
import { readConfig } from "../sandbox/config.ts";
import { applyDefaults, letOpen, openerOf } from "./default-apps.ts";
import { findApp } from "./find-app.ts";
import { exportLaunchers, removeLaunchers } from "./launchers.ts";

const rig = rigPerTest();
const opener = () => openerOf(findApp("own", rig().environment), rig().environment);
const launcher = () => join(rig().folder, "data/applications/vitrine.letters.org.example.Own.desktop");
const defaults = () => join(rig().folder, "config/mimeapps.list");

function choose(...types: string[]): void {
  const { environment } = rig();
  const config = letOpen(opener(), types, environment);
  exportLaunchers(config, { program: "/usr/bin/vitrine", iconsOf: () => [], environment });
  applyDefaults(config, environment);
}

describe("an app", () => {
  test("opens nothing until it is let, and then that alone", () => {
    rig().make("letters", {});
    expect(opener()).toMatchObject({ can: ["text/plain", "text/csv", "image/png"], does: [] });
    choose();
    expect(readFileSync(launcher(), "utf8")).not.toContain("MimeType");
    expect(existsSync(defaults())).toBe(false);
    choose("text/csv", "text/plain");
    expect(readFileSync(launcher(), "utf8")).toContain("MimeType=text/csv;text/plain;\n");
    expect(readFileSync(defaults(), "utf8")).toBe(
      "[Default Applications]\ntext/csv=vitrine.letters.org.example.Own.desktop;\ntext/plain=vitrine.letters.org.example.Own.desktop;\n",
    );
    choose("text/csv");
    expect(opener().does).toEqual(["text/csv"]);
    expect(readFileSync(defaults(), "utf8")).not.toContain("text/plain");
  });

  test("takes no type that it does not say it can open", () => {
    rig().make("letters", {});
    expect(() => letOpen(opener(), ["text/html"], rig().environment)).toThrow('Cannot open "text/html"');
    expect(readConfig("letters", rig().environment).opens).toBeUndefined();
  });

  test("that goes leaves the choices of others as they were", () => {
    mkdirSync(join(rig().folder, "config"), { recursive: true });
    writeFileSync(defaults(), "[Default Applications]\ntext/plain=other.desktop;\ntext/html=other.desktop;\n");
    rig().make("letters", {});
    choose("text/plain");
    expect(readFileSync(defaults(), "utf8")).toContain(
      "text/plain=vitrine.letters.org.example.Own.desktop;other.desktop;",
    );
    removeLaunchers("letters", rig().environment);
    expect(readFileSync(defaults(), "utf8")).toBe(
      "[Default Applications]\ntext/plain=other.desktop;\ntext/html=other.desktop;\n",
    );
  });

  test("that has no launcher opens no files", () => {
    rig().make("letters", {});
    const found = { ...findApp("own", rig().environment), entry: undefined };
    expect(() => openerOf(found, rig().environment)).toThrow("it is not in the menu");
  });
});
