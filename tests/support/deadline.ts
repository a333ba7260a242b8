/** Waiting for something that may never happen. */
import { VitrineError } from "../../src/base/error.ts";

/** How long the tests' own waits last unless told otherwise, in milliseconds. */
export const DEFAULT_DEADLINE_MS = 10_000;

/** A promise that is rejected at the deadline; `start` returns what takes the wait back then. */
export function withDeadline<T>(
  what: string,
  deadlineMs: number,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      cancel();
      reject(new VitrineError("timeout", `${what} failed: it is wanted within ${deadlineMs} ms`));
    }, deadlineMs);
    const cancel = start(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/** Between two looks at something that gives no sign when it changes, in milliseconds. */
const LOOK_INTERVAL_MS = 20;

/**
 * Calls `look` until it returns something. For what gives no sign when it changes: a socket that begins to listen, a
 * process of somebody else that ends.
 */
export async function eventually<T>(
  what: string,
  deadlineMs: number,
  look: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new VitrineError("timeout", `${what} failed: it is wanted within ${deadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}
