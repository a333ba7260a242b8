/** Ctrl-C for commands that have something to undo. */

/**
 * Runs `work` with a signal that is aborted by the first SIGINT or SIGTERM; `work` then undoes what is half done and
 * rejects. A second one ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once("SIGINT", abort);
  process.once("SIGTERM", abort);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", abort);
    process.off("SIGTERM", abort);
  }
}
