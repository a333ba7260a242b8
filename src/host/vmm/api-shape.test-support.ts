/** What a request to a monitor may look like, as data, and the check of a value against it. Anything not named is refused. */

export type Shape =
  | { readonly kind: "boolean" }
  | { readonly kind: "text"; readonly maxLength?: number }
  | { readonly kind: "integer"; readonly min?: number; readonly max?: number }
  | { readonly kind: "choice"; readonly of: readonly string[] }
  | { readonly kind: "list"; readonly of: Shape }
  | { readonly kind: "object"; readonly required: Fields; readonly optional: Fields };
type Fields = Readonly<Record<string, Shape>>;

export const boolean: Shape = { kind: "boolean" };
export const text: Shape = { kind: "text" };
export const textUpTo = (maxLength: number): Shape => ({ kind: "text", maxLength });
export const integer = (min?: number, max?: number): Shape => ({
  kind: "integer",
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
export const choice = (...of: string[]): Shape => ({ kind: "choice", of });
export const list = (of: Shape): Shape => ({ kind: "list", of });
export const object = (required: Fields, optional: Fields = {}): Shape => ({ kind: "object", required, optional });

/** Why `value` is not of this shape; undefined when it is. `path` is where in the request it stands. */
export function mismatch(shape: Shape, value: unknown, path: string): string | undefined {
  switch (shape.kind) {
    case "boolean":
      return typeof value === "boolean" ? undefined : `${path}: want true or false`;
    case "text":
      if (typeof value !== "string") return `${path}: want text`;
      return value.length > (shape.maxLength ?? Number.POSITIVE_INFINITY)
        ? `${path}: want at most ${shape.maxLength} characters`
        : undefined;
    case "integer":
      if (!Number.isSafeInteger(value)) return `${path}: want an integer`;
      if (Number(value) < (shape.min ?? Number.NEGATIVE_INFINITY)) return `${path}: want at least ${shape.min}`;
      return Number(value) > (shape.max ?? Number.POSITIVE_INFINITY) ? `${path}: want at most ${shape.max}` : undefined;
    case "choice":
      return shape.of.includes(String(value)) ? undefined : `${path}: want one of ${shape.of.join(", ")}`;
    case "list":
      if (!Array.isArray(value)) return `${path}: want a list`;
      return first(value.map((item, index) => mismatch(shape.of, item, `${path}[${index}]`)));
    case "object":
      return objectMismatch(shape, value, path);
    default:
      return shape satisfies never;
  }
}

function objectMismatch(shape: Shape & { kind: "object" }, value: unknown, path: string): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return `${path}: want an object`;
  const missing = Object.keys(shape.required).find((name) => !(name in value));
  if (missing !== undefined) return `${path}: the field "${missing}" is missing`;
  return first(
    Object.entries(value).map(([name, item]) => {
      const field = shape.required[name] ?? shape.optional[name];
      return field === undefined ? `${path}: there is no field "${name}"` : mismatch(field, item, `${path}.${name}`);
    }),
  );
}

function first(reasons: readonly (string | undefined)[]): string | undefined {
  return reasons.find((reason) => reason !== undefined);
}
