/**
 * AppStream as XML: a catalog (<components>, what Flathub publishes) or a single <component> (what projects ship). The file
 * is cut at its <component> elements first, and each is parsed strictly by itself: a broken one costs nothing but itself,
 * and the parser never sees more than {@link MAX_DOCUMENT_CHARS}. It knows no entities but those of XML, and loads nothing.
 *
 * Every element is brought into the shape of a DEP-11 document, which is what is validated.
 */
import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { type Component, UNTRANSLATED } from "./component.ts";
import { MAX_COMPONENTS, MAX_DOCUMENT_CHARS } from "./dep11.ts";
import type { Drops } from "./drops.ts";
import { type RawComponent, validateComponent } from "./validate-component.ts";

/** Reads the components of the file `xml`, in their order. */
export function* parseAppstream(xml: string, drops: Drops): Generator<Component> {
  const mediaBase = mediaBaseOf(xml);
  let count = 0;
  for (const text of componentsOf(xml)) {
    if (++count > MAX_COMPONENTS) {
      drops.count("component: too many");
      continue;
    }
    const raw = parseComponent(text, drops);
    const component = raw === undefined ? undefined : validateComponent(raw, { mediaBase }, drops);
    if (component !== undefined) yield component;
  }
}

/** The text of each <component>, comments and CDATA between them left out. */
function* componentsOf(xml: string): Generator<string> {
  const start = /<!--|<!\[CDATA\[|<component(?=[\s>])/g;
  for (let match = start.exec(xml); match !== null; match = start.exec(xml)) {
    const close = match[0] === "<!--" ? "-->" : match[0] === "<![CDATA[" ? "]]>" : "</component>";
    const found = xml.indexOf(close, start.lastIndex);
    if (found < 0) {
      // The end is missing: what is there is no component, and is counted as one that cannot be read.
      if (close === "</component>") yield xml.slice(match.index, match.index + MAX_DOCUMENT_CHARS);
      return;
    }
    start.lastIndex = found + close.length;
    if (close === "</component>") yield xml.slice(match.index, start.lastIndex);
  }
}

function mediaBaseOf(xml: string): string | undefined {
  const root = /<components\b[^<>]{0,4096}>/.exec(xml.slice(0, 64 * 1024))?.[0];
  return /\smedia_baseurl="([^"<&]{1,2048})"/.exec(root ?? "")?.[1];
}

function parseComponent(text: string, drops: Drops): RawComponent | undefined {
  if (text.length > MAX_DOCUMENT_CHARS) return void drops.count("document: too large");
  try {
    const { root } = parseXml(text);
    if (root !== null) return toRaw(root);
  } catch {
    // Counted below: what the parser says of it would quote it.
  }
  return void drops.count("document: not readable");
}

function toRaw(root: XmlElement): RawComponent {
  const first = (name: string): string | undefined => textOf(children(root, name)[0]);
  const within = (name: string, child: string): XmlElement[] =>
    children(root, name).flatMap((element) => children(element, child));
  const developer = children(root, "developer")[0];
  const mediaTypes = [
    ...within("provides", "mediatype"),
    ...within("provides", "mimetype"),
    ...within("mimetypes", "mimetype"),
  ];
  return {
    Type: root.attributes.type ?? "generic",
    Merge: root.attributes.merge,
    ID: first("id"),
    Package: first("pkgname"),
    Name: localized(children(root, "name")),
    Summary: localized(children(root, "summary")),
    Description: localizedDescription(children(root, "description")),
    Keywords: localizedKeywords(children(root, "keywords")),
    DeveloperName: localized(developer === undefined ? children(root, "developer_name") : children(developer, "name")),
    ProjectLicense: first("project_license"),
    Categories: within("categories", "category").map(textOf),
    Url: Object.fromEntries(children(root, "url").map((element) => [element.attributes.type ?? "", textOf(element)])),
    Launchable: {
      "desktop-id": children(root, "launchable")
        .filter((element) => element.attributes.type === "desktop-id")
        .map(textOf),
    },
    Icon: {
      cached: children(root, "icon")
        .filter((element) => element.attributes.type === "cached")
        .map((element) => ({ name: textOf(element), ...numbers(element, ["width", "height", "scale"]) })),
    },
    Screenshots: within("screenshots", "screenshot").map(screenshot),
    Releases: within("releases", "release").map((element) => ({ version: element.attributes.version })),
    Extends: children(root, "extends").map(textOf),
    Provides: { mediatypes: mediaTypes.map(textOf) },
  };
}

function children(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);
}

function textOf(element: XmlElement | undefined): string | undefined {
  return element?.text.trim();
}

function languageOf(element: XmlElement): string {
  return element.attributes["xml:lang"] ?? UNTRANSLATED;
}

function localized(elements: readonly XmlElement[]): Record<string, unknown> {
  return Object.fromEntries(elements.map((element) => [languageOf(element), textOf(element)]));
}

function localizedKeywords(lists: readonly XmlElement[]): Record<string, unknown> {
  const found = new Map<string, (string | undefined)[]>();
  for (const list of lists) {
    for (const keyword of children(list, "keyword")) {
      const language = list.attributes["xml:lang"] ?? languageOf(keyword);
      found.set(language, [...(found.get(language) ?? []), textOf(keyword)]);
    }
  }
  return Object.fromEntries(found);
}

/** A catalog has a description for each language, a project's file has languages in the paragraphs and items of one. */
function localizedDescription(descriptions: readonly XmlElement[]): Record<string, unknown> {
  const found = new Map<string, string>();
  const add = (language: string, markup: string): void =>
    void found.set(language, (found.get(language) ?? "") + markup);
  for (const description of descriptions) {
    const own = description.attributes["xml:lang"];
    for (const block of description.children) {
      if (!(block instanceof XmlElement)) continue;
      if (block.name === "p") add(own ?? languageOf(block), `<p>${escaped(block.text)}</p>`);
      else for (const item of children(block, "li")) add(own ?? languageOf(item), `<li>${escaped(item.text)}</li>`);
    }
  }
  return Object.fromEntries(found);
}

/** Text back into markup: what the parser has decoded must not be taken for elements. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function screenshot(element: XmlElement): Record<string, unknown> {
  const images = children(element, "image");
  const source = images.find((image) => image.attributes.type === "source") ?? images[0];
  if (source === undefined) return {};
  return { "source-image": { url: textOf(source), ...numbers(source, ["width", "height"]) } };
}

function numbers(element: XmlElement, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    names.flatMap((name) => (element.attributes[name] === undefined ? [] : [[name, Number(element.attributes[name])]])),
  );
}
