import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Component } from "./component.ts";
import { MAX_DOCUMENT_CHARS, parseDep11 } from "./dep11.ts";
import { Drops } from "./drops.ts";
import { CALCULATOR } from "./test-support.ts";
import { MAX_LIST_ENTRIES, MAX_NAME_CHARS, validateComponent } from "./validate-component.ts";

function read(text: string): { components: Component[]; drops: Readonly<Record<string, number>> } {
  const drops = new Drops();
  return { components: [...parseDep11(text, drops)], drops: drops.counts };
}

const HEADER = "---\nFile: DEP-11\nMediaBaseUrl: https://media.example/x\n";
const MINIMAL = { Type: "desktop-application", ID: "org.example.A", Name: { C: "A" } };

function validate(change: object): { component: Component | undefined; drops: Readonly<Record<string, number>> } {
  const drops = new Drops();
  return {
    component: validateComponent({ ...MINIMAL, ...change }, { mediaBase: "https://media.example/x" }, drops),
    drops: drops.counts,
  };
}

describe("reading DEP-11", () => {
  test("every field that is used", () => {
    const { components, drops } = read(HEADER + CALCULATOR);
    expect(drops).toEqual({});
    expect(components[0]).toEqual({
      id: "org.example.Calc",
      kind: "desktop-application",
      package: "calc",
      name: { C: "Calculator", de: "Taschenrechner" },
      summary: { C: "Do sums", de: "Rechnungen ausführen" },
      description: { C: "Adds and subtracts.\n\n• fast\n• exact" },
      keywords: { C: ["arithmetic", "maths"] },
      developer: {},
      license: "GPL-3.0-or-later",
      categories: ["Utility", "Calculator"],
      urls: { homepage: "https://calc.example/" },
      desktopId: "org.example.Calc.desktop",
      icons: [{ name: "calc_calc.png", size: 64, scale: 1 }],
      screenshots: [{ url: "https://media.example/x/calc/one.png", width: 640, height: 480 }],
      version: undefined,
      extends: [],
      mimeTypes: [],
    });
  });

  test("a document that cannot be read costs itself alone", () => {
    const broken = "---\nType: [unclosed\n---\n- a list\n---\njust text\n---\n";
    const { components, drops } = read(
      `${HEADER}${CALCULATOR}${broken}${CALCULATOR.replaceAll("org.example", "org.other")}`,
    );
    expect(components.map(({ id }) => id)).toEqual([
      "org.example.Calc",
      "org.example.Sans",
      "org.other.Calc",
      "org.other.Sans",
    ]);
    expect(drops).toEqual({ "document: not readable": 3 });
  });

  test("depth, size and references that would break a parser", () => {
    const deep = `---\nType: ${"[".repeat(100_000)}\n`;
    const large = `---\nType: ${"x".repeat(MAX_DOCUMENT_CHARS)}\n`;
    const bomb = `---\n${Array.from({ length: 40 }, (_, level) => `a${level}: &a${level} [${level === 0 ? "x" : `*a${level - 1}, *a${level - 1}`}]`).join("\n")}\nType: font\nID: bomb\nName: *a39\n`;
    const circle = "---\nType: font\nID: circle\nName: &name {C: *name}\n";
    expect(read(deep + large + bomb + circle + CALCULATOR)).toMatchObject({
      components: [{ id: "org.example.Calc" }, { id: "org.example.Sans" }],
      drops: { "document: not readable": expect.any(Number), "document: too large": 1 },
    });
  });

  test("any text: nothing is thrown", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom("\n---\n", "Type: font\n", "ID: a\n", "Name:\n  C: x\n", "- ", "&a ", "*a ", "{", "["),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        for (const component of read(parts.join("")).components) expect(component.name.C).toBeString();
      }),
      { seed: 20261124, numRuns: 1000 },
    );
  });
});

describe("validating a component", () => {
  test("without a usable id, type or name it is none", () => {
    for (const change of [
      { Type: "weapon" },
      { Type: undefined },
      { ID: "../../etc/passwd" },
      { ID: "a b" },
      { ID: "x".repeat(300) },
      { ID: { a: 1 } },
      { Name: { de: "nur deutsch" } },
      { Name: { C: " \u200b " } },
      { Name: "A" },
      { Merge: "append" },
    ]) {
      expect([change, validate(change).component]).toEqual([change, undefined]);
    }
  });

  test("ids of desktop files lose their ending, unquoted numbers are text", () => {
    expect(validate({ ID: "org.example.A.desktop" }).component).toMatchObject({
      id: "org.example.A",
      desktopId: "org.example.A.desktop",
    });
    expect(validate({ ID: 2048, Name: { C: 2048 } }).component).toMatchObject({ id: "2048", name: { C: "2048" } });
    expect(validate({ ID: ".desktop" }).component).toBeUndefined();
  });

  test("a field that is not valid is left out and counted, the rest stays", () => {
    const { component, drops } = validate({
      Package: "Not A Package",
      Name: { C: "A", "x-test": "xxAxx", de: "\u0007" },
      Categories: ["Utility", "no category!", {}],
      Url: {
        homepage: "javascript:alert(1)",
        help: "https://user:secret@help.example/",
        bugtracker: "http://bugs.example",
        other: "x",
      },
      Icon: {
        cached: [
          { name: "../x.png", width: 64, height: 64 },
          { name: "x.png", width: 64, height: 32 },
          { name: "x.png", width: 1e9, height: 1e9 },
        ],
      },
      Launchable: { "desktop-id": ["/etc/x.desktop"] },
      Screenshots: ["x", { "source-image": { url: "file:///etc/passwd" } }],
      Provides: { mediatypes: ["text/plain", "nonsense"] },
      Keywords: { C: "not a list" },
    });
    expect(component).toMatchObject({
      package: undefined,
      name: { C: "A" },
      categories: ["Utility"],
      urls: { bugtracker: "http://bugs.example/" },
      icons: [],
      desktopId: undefined,
      screenshots: [],
      mimeTypes: ["text/plain"],
      keywords: {},
    });
    expect(drops).toEqual({
      "field: address": 2,
      "field: category": 2,
      "field: desktop entry": 1,
      "field: icon": 3,
      "field: keywords": 2,
      "field: language": 1,
      "field: media type": 1,
      "field: package": 1,
      "field: screenshot": 2,
      "field: text": 1,
    });
  });

  test("lists and texts have an end", () => {
    const { component, drops } = validate({
      Name: { C: "n".repeat(10_000) },
      Categories: Array.from({ length: 1000 }, () => "Utility"),
    });
    expect(component?.name.C).toHaveLength(MAX_NAME_CHARS);
    expect(component?.categories).toHaveLength(MAX_LIST_ENTRIES);
    expect(drops).toEqual({ "field: category": 1000 - MAX_LIST_ENTRIES });
  });

  test("anything in any field: nothing is thrown, and what comes out is clean", () => {
    const keys = [
      "Type",
      "ID",
      "Package",
      "Name",
      "Summary",
      "Description",
      "Keywords",
      "Categories",
      "Url",
      "Icon",
      "Launchable",
      "Screenshots",
      "Releases",
      "Provides",
      "Developer",
      "Extends",
    ];
    const value = fc.oneof(
      fc.anything({ maxDepth: 4 }),
      fc.dictionary(
        fc.constantFrom("C", "de", "cached", "desktop-id", "homepage", "name"),
        fc.anything({ maxDepth: 2 }),
      ),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (change) => {
        const { component } = validate(change);
        if (component !== undefined) expect(JSON.stringify(component)).not.toMatch(/\\u00[01]/);
      }),
      { seed: 20261124, numRuns: 2000 },
    );
  });
});
