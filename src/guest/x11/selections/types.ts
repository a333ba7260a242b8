/** Names for kinds of data: X has targets, the display has MIME types. Text has several names on both sides. */

/** Kinds of data of one selection; office programs have some dozens. */
export const MAX_SELECTION_TYPES = 256;

const UTF8 = "text/plain;charset=utf-8";
/** Targets that stand for text, the best at first. */
const TEXT_TARGETS = ["UTF8_STRING", "STRING", "TEXT", "COMPOUND_TEXT"] as const;
const TEXT_TYPES: readonly string[] = [UTF8, "text/plain;charset=UTF-8", "text/plain", "UTF8_STRING", "STRING", "TEXT"];

/** The MIME types of a selection whose owner has these targets. */
export function typesOfTargets(targets: readonly string[]): string[] {
  const isText = TEXT_TARGETS.some((target) => targets.includes(target));
  const named = targets.filter((target) => target.includes("/"));
  return [...new Set([...named, ...(isText ? [UTF8, "text/plain", "UTF8_STRING"] : [])])].slice(0, MAX_SELECTION_TYPES);
}

/** The target to ask an owner of `targets` for when data of `type` is wanted. */
export function targetFor(type: string, targets: readonly string[]): string | undefined {
  if (targets.includes(type)) return type;
  return TEXT_TYPES.includes(type) ? TEXT_TARGETS.find((target) => targets.includes(target)) : undefined;
}

/** The targets of an offer of these MIME types. */
export function targetsOfTypes(types: readonly string[]): string[] {
  const hasText = types.some((type) => TEXT_TYPES.includes(type));
  const named = types.filter((type) => type.includes("/"));
  return [...new Set([...named, ...(hasText ? ["UTF8_STRING", "STRING", "TEXT"] : [])])].slice(0, MAX_SELECTION_TYPES);
}

/** The MIME type to ask an offer of `types` for when a program wants `target`. */
export function typeFor(target: string, types: readonly string[]): string | undefined {
  if (types.includes(target)) return target;
  const isText = (TEXT_TARGETS as readonly string[]).includes(target);
  return isText ? TEXT_TYPES.find((type) => types.includes(type)) : undefined;
}

/** Text of the display, which is UTF-8, as a program that has asked for `target` takes it. Bytes of a whole text. */
export function isLatin1(target: string): boolean {
  return target === "STRING" || target === "COMPOUND_TEXT";
}
