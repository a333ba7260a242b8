/**
 * Values that came from a guest. The brand keeps them out of every function that wants the plain type until
 * {@link validate} has looked at them once.
 */
declare const untrusted: unique symbol;
export type Untrusted<T> = { readonly [untrusted]: T };

/** Marks `value` as coming from a guest. */
export function taint<T>(value: T): Untrusted<T> {
  return value as unknown as Untrusted<T>;
}

/** Passes the raw value through `check`, which returns the plain value or throws. The only way out of the brand. */
export function validate<T, R>(value: Untrusted<T>, check: (raw: T) => R): R {
  return check(value as unknown as T);
}
