import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAppstream } from "./appstream-xml.ts";
import type { Component } from "./component.ts";
import { Drops } from "./drops.ts";

function read(text: string): { components: Component[]; drops: Readonly<Record<string, number>> } {
  const drops = new Drops();
  return { components: [...parseAppstream(text, drops)], drops: drops.counts };
}

const CATALOG = `<?xml version="1.0" encoding="UTF-8"?>
<components version="0.16" origin="flathub" media_baseurl="https://media.example/f">
  <!-- <component type="font"><id>hidden</id><name>Hidden</name></component> -->
  <component type="desktop">
    <id>org.example.Paint.desktop</id>
    <name>Paint</name>
    <name xml:lang="de">Malen</name>
    <summary>Draw &amp; paint</summary>
    <description><p>Draws.</p><ul><li>circles</li></ul></description>
    <description xml:lang="de"><p>Zeichnet.</p></description>
    <keywords><keyword>draw</keyword><keyword xml:lang="de">zeichnen</keyword></keywords>
    <categories><category>Graphics</category></categories>
    <project_license>MIT</project_license>
    <developer id="org.example"><name>Example</name></developer>
    <url type="homepage">https://paint.example</url>
    <icon type="cached" width="128" height="128">org.example.Paint.png</icon>
    <icon type="remote" width="128" height="128">https://x.example/y.png</icon>
    <launchable type="desktop-id">org.example.Paint.desktop</launchable>
    <screenshots><screenshot><image type="source" width="800" height="600">one.png</image></screenshot></screenshots>
    <releases><release version="3.1" timestamp="1"/><release version="3.0"/></releases>
    <provides><mediatype>image/png</mediatype></provides>
    <bundle type="flatpak">app/org.example.Paint/x86_64/stable</bundle>
  </component>
</components>`;

describe("reading AppStream XML", () => {
  test("a catalog", () => {
    expect(read(CATALOG)).toEqual({
      drops: {},
      components: [
        {
          id: "org.example.Paint",
          kind: "desktop-application",
          package: undefined,
          name: { C: "Paint", de: "Malen" },
          summary: { C: "Draw & paint" },
          description: { C: "Draws.\n\n• circles", de: "Zeichnet." },
          keywords: { C: ["draw"], de: ["zeichnen"] },
          developer: { C: "Example" },
          license: "MIT",
          categories: ["Graphics"],
          urls: { homepage: "https://paint.example/" },
          desktopId: "org.example.Paint.desktop",
          icons: [{ name: "org.example.Paint.png", size: 128, scale: 1 }],
          screenshots: [{ url: "https://media.example/f/one.png", width: 800, height: 600 }],
          version: "3.1",
          extends: [],
          mimeTypes: ["image/png"],
        },
      ],
    });
  });

  test("a project's own file, with languages in paragraphs", () => {
    const { components } = read(`<?xml version="1.0"?><component type="console-application"><id>org.example.tool</id>
      <name>tool</name><summary>does</summary><pkgname>tool</pkgname>
      <description><p>One &lt;b&gt;.</p><p xml:lang="fr">Un.</p><ol><li>a</li><li xml:lang="fr">b</li></ol></description></component>`);
    expect(components[0]).toMatchObject({
      kind: "console-application",
      package: "tool",
      description: { C: "One <b>.\n\n• a", fr: "Un.\n\n• b" },
    });
  });

  test("a component that is not well-formed costs itself alone", () => {
    const bad = [
      "<component><id>a</id><name>b</component>",
      "<component type='font'><id>&bomb;</id></component>",
      "<component <x/></component>",
    ];
    const xml = CATALOG.replace('<component type="desktop"', (found) => bad.join("") + found);
    expect(read(xml)).toMatchObject({
      components: [{ id: "org.example.Paint" }],
      drops: { "document: not readable": 3 },
    });
  });

  test("entities are not expanded, files not loaded, and a missing end is an error", () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "${"b".repeat(100)}"><!ENTITY f SYSTEM "file:///etc/passwd">]>`;
    expect(read(`${bomb}<component type="font"><id>x</id><name>&a;&f;</name></component>`)).toEqual({
      components: [],
      drops: { "document: not readable": 1 },
    });
    expect(read('<components><component type="font"><id>x</id>').drops).toEqual({ "document: not readable": 1 });
    expect(read("no xml at all")).toEqual({ components: [], drops: {} });
  });

  test("any text: nothing is thrown", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "<component>",
        "</component>",
        '<component type="font">',
        "<id>a</id>",
        "<name>b</name>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<description><p>",
        "&amp;",
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        for (const component of read(parts.join("")).components) expect(component.name.C).toBeString();
      }),
      { seed: 20261124, numRuns: 2000 },
    );
  });
});
