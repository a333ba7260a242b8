/**
 * DEP-11, Debian's form of AppStream catalog metadata: one YAML stream, a header document, then a document for each
 * component. Documents are parsed one by one, so that a broken one costs nothing but itself and the parser never sees more
 * than {@link MAX_DOCUMENT_CHARS} at a time.
 */
import type { Component } from "./component.ts";
import type { Drops } from "./drops.ts";
import { isObject, validateComponent } from "./validate-component.ts";

/** Characters of one component's document. The largest of Debian 13 has 101 000. */
export const MAX_DOCUMENT_CHARS = 1024 * 1024;
/** Components of one source. Debian 13 has 2 500, Flathub 3 500. */
export const MAX_COMPONENTS = 50_000;

/** Reads the components of `stream`, in their order. */
export function* parseDep11(stream: string, drops: Drops): Generator<Component> {
  let mediaBase: string | undefined;
  let count = 0;
  for (const document of documentsOf(stream)) {
    const raw = parseDocument(document, drops);
    if (raw === undefined) continue;
    if (raw.File === "DEP-11") {
      if (typeof raw.MediaBaseUrl === "string") mediaBase = raw.MediaBaseUrl;
      continue;
    }
    if (++count > MAX_COMPONENTS) {
      drops.count("component: too many");
      continue;
    }
    const component = validateComponent(raw, { mediaBase }, drops);
    if (component !== undefined) yield component;
  }
}

/** The documents of a YAML stream: "---" at the beginning of a line parts them, wherever it stands. */
function* documentsOf(stream: string): Generator<string> {
  let start = 0;
  while (start < stream.length) {
    const marker = stream.indexOf("\n---", start);
    const end = marker < 0 ? stream.length : marker + 1;
    yield stream.slice(start, end);
    start = end;
  }
}

function parseDocument(document: string, drops: Drops): Readonly<Record<string, unknown>> | undefined {
  if (document.length > MAX_DOCUMENT_CHARS) return void drops.count("document: too large");
  try {
    const parsed: unknown = Bun.YAML.parse(document);
    // A comment or an empty document is nothing at all.
    if (parsed === null || parsed === undefined) return undefined;
    if (isObject(parsed)) return parsed;
  } catch {
    // Counted below: what the parser says of it would quote it.
  }
  return void drops.count("document: not readable");
}
