/** Joins a process of a sandbox to this process: streams, signals, and its end. */
import type { ByteStream } from "../../channel/byte-stream.ts";
import type { ProcessEnd, Signal } from "../../channel/contract/control.ts";
import { X11Only } from "../../host/sandbox/guest/x11-only.ts";
import { LineCutter } from "../../host/sandbox/log-file.ts";
import type { LaunchedProcess } from "../../host/sandbox/supervisor/control-client.ts";
import { Output, readStandardInput } from "./standard-streams.ts";

/** What is passed on to the process instead of ending this command. */
const FORWARDED: readonly Signal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"];

/**
 * How long output may stay silent after the process has ended before it is taken for complete, in milliseconds: what a
 * process leaves running in the background may hold the streams open for good.
 */
export const OUTPUT_SILENCE_MS = 2000;

/**
 * Forwards standard input (unless `input` is false), output and signals until the process has ended and its output has
 * arrived; returns how it ended. Where it is known why it failed, that is said on standard error.
 */
export async function attach(launched: LaunchedProcess, options: { input: boolean }): Promise<ProcessEnd> {
  const input = options.input ? forwardInput(launched.streams.get("stdin")) : undefined;
  if (!options.input) launched.streams.get("stdin")?.end();
  const x11Only = new X11Only((message) => process.stderr.write(`vitrine: ${message}\n`));
  const lines = new LineCutter(x11Only.said);
  const outputs = [
    forwardOutput(launched.streams.get("stdout"), new Output(1)),
    forwardOutput(launched.streams.get("stderr"), new Output(2), { onChunk: (chunk) => lines.push(chunk) }),
  ];
  const stopForwarding = forwardSignals(launched, FORWARDED);
  try {
    const end = await launched.ended;
    await Promise.all(outputs.map((output) => output.complete()));
    lines.end();
    x11Only.ended(end);
    return end;
  } finally {
    stopForwarding();
    input?.close();
    for (const output of outputs) output.close();
  }
}

/** Sends the signals that this process gets to the other one. Returns the way back. */
function forwardSignals(launched: LaunchedProcess, signals: readonly Signal[]): () => void {
  const handlers = signals.map((signal) => {
    const handler = () => void launched.signal(signal).catch(() => {}); // It may have ended just now.
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const remove of handlers) remove();
  };
}

/** Brings standard input into `stream`. */
export function forwardInput(stream: ByteStream | undefined): { close(): void } {
  if (stream === undefined) return { close: () => {} };
  // Input that nobody reads any more is read and dropped: that is what a stream does once it is over.
  const input = readStandardInput(
    (chunk) => stream.write(chunk),
    () => stream.end(),
  );
  stream.onDrain(() => input.resume());
  return input;
}

/**
 * Brings `stream` to `output`; complete() waits until all of it is there, or nothing has come for a while;
 * close() must be called in any case. `keepWriting`: the other direction of the stream is in use. `onChunk` sees what comes.
 */
export function forwardOutput(
  stream: ByteStream | undefined,
  output: Output,
  options: { keepWriting?: boolean; onChunk?: (chunk: Uint8Array) => void } = {},
): { complete(): Promise<void>; close(): void } {
  const ended = Promise.withResolvers<void>();
  let silence: ReturnType<typeof setTimeout> | undefined;
  let completing = false;
  // Silence counts only while we listen: a reader of ours that takes its time loses nothing.
  const listen = (listening: boolean) => {
    clearTimeout(silence);
    if (completing && listening) silence = setTimeout(ended.resolve, OUTPUT_SILENCE_MS);
  };
  if (stream === undefined) ended.resolve();
  if (options.keepWriting !== true) stream?.end();
  stream?.onData((chunk) => {
    options.onChunk?.(chunk);
    const more = output.write(chunk);
    if (!more) stream.pause();
    listen(more);
  });
  stream?.onEnd(ended.resolve);
  stream?.onClose(() => ended.resolve());
  output.onDrain(() => {
    stream?.resume();
    listen(true);
  });
  output.onBroken(() => stream?.destroy());
  return {
    complete: async () => {
      completing = true;
      listen(!output.congested);
      await ended.promise;
      clearTimeout(silence);
      await output.finish();
    },
    close: () => {
      clearTimeout(silence);
      output.close();
    },
  };
}
