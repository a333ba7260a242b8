/** Brings what a process prints into a log, no faster than a disk should have to take it. */
import type { ByteStream } from "../../../channel/byte-stream.ts";
import { LineCutter, type LogFile } from "../log-file.ts";

/** Bytes of output that one stream brings into the log in each interval; beyond that the writer is made to wait. */
export const LOGGED_OUTPUT_BYTES = 64 * 1024;
/** Length of that interval in milliseconds. */
export const LOGGED_OUTPUT_INTERVAL_MS = 1000;

/** Takes over `stream`, whose data becomes lines of `log`, each headed by `name`. `onLine` sees them too. */
export function logOutput(
  stream: ByteStream,
  log: LogFile,
  name: string,
  onLine: (line: string) => void = () => {},
): void {
  const cutter = new LineCutter((line) => {
    log.entry("info", `${name}: ${line}`);
    onLine(line);
  });
  let bytes = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const nextInterval = () => {
    timer = undefined;
    bytes = 0;
    stream.resume();
  };
  stream.onData((chunk) => {
    cutter.push(chunk);
    bytes += chunk.length;
    timer ??= setTimeout(nextInterval, LOGGED_OUTPUT_INTERVAL_MS);
    if (bytes >= LOGGED_OUTPUT_BYTES) stream.pause();
  });
  stream.onEnd(() => cutter.end());
  stream.onClose(() => clearTimeout(timer));
  stream.end();
}
