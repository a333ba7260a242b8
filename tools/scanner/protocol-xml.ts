/**
 * Protocol XML (schema: wayland.dtd of libwayland) into tables, facts only. Strict: an element, attribute or value that
 * is not known here is an error, so that a new feature of the schema cannot be dropped unseen.
 */
import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import type { ArgumentTable, ArgumentType, EnumTable, InterfaceTable, MessageTable } from "../../src/wayland/types.ts";

export interface Protocol {
  /** Name of the XML file without its ending. */
  readonly name: string;
  readonly interfaces: readonly InterfaceTable[];
}

const ARGUMENT_TYPES: readonly string[] = ["int", "uint", "fixed", "string", "object", "new_id", "array", "fd"];
const WITH_INTERFACE: readonly string[] = ["object", "new_id"];
const WITH_NULL: readonly string[] = ["object", "string"];
const WITH_ENUM: readonly string[] = ["int", "uint"];

/** What an element may have. Attributes are required unless they end with "?". */
const SCHEMA: Readonly<Record<string, { attributes: readonly string[]; children: readonly string[]; text?: true }>> = {
  protocol: { attributes: ["name"], children: ["copyright", "description", "interface"] },
  copyright: { attributes: [], children: [], text: true },
  description: { attributes: ["summary"], children: [], text: true },
  interface: { attributes: ["name", "version"], children: ["description", "request", "event", "enum"] },
  request: { attributes: ["name", "type?", "since?", "deprecated-since?"], children: ["description", "arg"] },
  event: { attributes: ["name", "type?", "since?", "deprecated-since?"], children: ["description", "arg"] },
  enum: { attributes: ["name", "since?", "bitfield?"], children: ["description", "entry"] },
  entry: { attributes: ["name", "value", "summary?", "since?", "deprecated-since?"], children: ["description"] },
  arg: {
    attributes: ["name", "type", "summary?", "interface?", "allow-null?", "enum?"],
    children: ["description"],
  },
};

/** Reads one file. Throws an Error that names the file and the line. */
export function parseProtocol(xml: string, file: string): Protocol {
  const source = new Source(xml, file);
  const { root } = parseXml(xml, { includeOffsets: true });
  if (root === null || root.name !== "protocol") throw new Error(`${file}: the root element must be <protocol>`);
  source.checkSchema(root);
  const interfaces = source.children(root, "interface").map((element) => parseInterface(source, element));
  source.checkUnique(root, interfaces);
  const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.xml$/, "");
  return { name, interfaces };
}

function parseInterface(source: Source, element: XmlElement): InterfaceTable {
  const version = source.positive(element, "version");
  const messages = (kind: string): MessageTable[] => {
    const list = source.children(element, kind).map((child) => parseMessage(source, child, version));
    source.checkUnique(element, list);
    return list;
  };
  const enums: Record<string, EnumTable> = {};
  for (const child of source.children(element, "enum")) {
    const name = source.name(child);
    if (Object.hasOwn(enums, name)) source.fail(child, `enum "${name}" is there twice`);
    enums[name] = parseEnum(source, child, version);
  }
  return { name: source.name(element), version, requests: messages("request"), events: messages("event"), enums };
}

function parseMessage(source: Source, element: XmlElement, version: number): MessageTable {
  const type = element.attributes.type;
  if (type !== undefined && type !== "destructor") source.fail(element, `type "${type}" is not known`);
  const args = source.children(element, "arg").map((child) => parseArgument(source, child));
  source.checkUnique(element, args);
  return {
    name: source.name(element),
    since: source.since(element, version) ?? 1,
    ...(type === "destructor" ? { destructor: true as const } : {}),
    args,
  };
}

function parseArgument(source: Source, element: XmlElement): ArgumentTable {
  const { type = "", interface: interfaceName, enum: enumName } = element.attributes;
  if (!ARGUMENT_TYPES.includes(type)) source.fail(element, `type "${type}" is not known`);
  const nullable = source.boolean(element, "allow-null");
  const only = (present: boolean, attribute: string, types: readonly string[]): void => {
    if (present && !types.includes(type)) source.fail(element, `"${attribute}" does not go with type "${type}"`);
  };
  only(interfaceName !== undefined, "interface", WITH_INTERFACE);
  only(nullable, "allow-null", WITH_NULL);
  only(enumName !== undefined, "enum", WITH_ENUM);
  return {
    name: source.name(element),
    type: type as ArgumentType,
    ...(interfaceName === undefined ? {} : { interface: interfaceName }),
    ...(nullable ? { nullable: true as const } : {}),
    ...(enumName === undefined ? {} : { enum: enumName }),
  };
}

function parseEnum(source: Source, element: XmlElement, version: number): EnumTable {
  const since = source.since(element, version);
  const bitfield = source.boolean(element, "bitfield");
  const entries: Record<string, number> = {};
  const entriesSince: Record<string, number> = {};
  for (const child of source.children(element, "entry")) {
    const name = source.name(child);
    if (Object.hasOwn(entries, name)) source.fail(child, `entry "${name}" is there twice`);
    const { value = "" } = child.attributes;
    if (!/^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(value)) source.fail(child, `value "${value}" is not a number`);
    entries[name] = Number(value);
    const entrySince = source.since(child, version);
    if (entrySince !== undefined && entrySince > (since ?? 1)) entriesSince[name] = entrySince;
  }
  return {
    ...(bitfield ? { bitfield: true as const } : {}),
    ...(since !== undefined && since > 1 ? { since } : {}),
    entries,
    ...(Object.keys(entriesSince).length > 0 ? { entriesSince } : {}),
  };
}

/** One file: access to its elements, with errors that say where. */
class Source {
  readonly #xml: string;
  readonly #file: string;

  constructor(xml: string, file: string) {
    this.#xml = xml;
    this.#file = file;
  }

  fail(element: XmlElement, problem: string): never {
    const line = this.#xml.slice(0, element.start).split("\n").length;
    throw new Error(`${this.#file}:${line}: <${element.name}>: ${problem}`);
  }

  /** Checks `element` and all below it against the schema. */
  checkSchema(element: XmlElement): void {
    const rule = SCHEMA[element.name];
    if (rule === undefined) this.fail(element, "the element is not known");
    for (const attribute of Object.keys(element.attributes)) {
      const known = rule.attributes.includes(attribute) || rule.attributes.includes(`${attribute}?`);
      if (!known) this.fail(element, `attribute "${attribute}" is not known`);
    }
    for (const attribute of rule.attributes) {
      const missing = !attribute.endsWith("?") && element.attributes[attribute] === undefined;
      if (missing) this.fail(element, `attribute "${attribute}" is wanted`);
    }
    for (const child of element.children) {
      if (child instanceof XmlElement) {
        if (!rule.children.includes(child.name)) this.fail(child, `the element is not known inside <${element.name}>`);
        this.checkSchema(child);
      } else if (!(child instanceof XmlText) || (rule.text !== true && child.text.trim() !== "")) {
        this.fail(element, `its content of type "${child.type}" is not known`);
      }
    }
  }

  children(element: XmlElement, name: string): XmlElement[] {
    return element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);
  }

  name(element: XmlElement): string {
    const { name = "" } = element.attributes;
    if (!/^[A-Za-z0-9_]+$/.test(name)) this.fail(element, `name "${name}" must be of letters, digits and _`);
    return name;
  }

  positive(element: XmlElement, attribute: string): number {
    const value = element.attributes[attribute] ?? "";
    if (!/^[1-9][0-9]{0,8}$/.test(value)) this.fail(element, `${attribute} "${value}" must be a positive number`);
    return Number(value);
  }

  since(element: XmlElement, version: number): number | undefined {
    if (element.attributes.since === undefined) return undefined;
    const since = this.positive(element, "since");
    if (since > version) this.fail(element, `since "${since}" is above the interface's version ${version}`);
    return since;
  }

  boolean(element: XmlElement, attribute: string): boolean {
    const value = element.attributes[attribute] ?? "false";
    if (value !== "true" && value !== "false") this.fail(element, `${attribute} "${value}" must be true or false`);
    return value === "true";
  }

  checkUnique(parent: XmlElement, named: readonly { readonly name: string }[]): void {
    const seen = new Set<string>();
    for (const { name } of named) {
      if (seen.has(name)) this.fail(parent, `"${name}" is there twice`);
      seen.add(name);
    }
  }
}
