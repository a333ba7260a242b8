/** Unpacks what archives pack, never to more than the caller allows. */
import { spawn } from "node:child_process";
import { gunzipSync } from "node:zlib";
import { VitrineError } from "../../base/error.ts";

/** How long xz may take for one file, in milliseconds: the largest takes two seconds on a slow processor. */
export const UNPACK_DEADLINE_MS = 120_000;

/** The content of a file by its name's ending: .gz, .xz, or as it is. "corrupt" when it is damaged or too large. */
export async function unpack(name: string, data: Uint8Array, maxBytes: number): Promise<Buffer> {
  if (name.endsWith(".gz")) return gunzip(name, data, maxBytes);
  if (name.endsWith(".xz")) return await unxz(name, data, maxBytes);
  if (data.length > maxBytes) throw tooLarge(name, maxBytes);
  return Buffer.from(data);
}

export function gunzip(name: string, data: Uint8Array, maxBytes: number): Buffer {
  try {
    // An empty index is a usual thing; a bound of nothing is none that zlib takes.
    return gunzipSync(data, { maxOutputLength: Math.max(1, maxBytes) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(name, maxBytes);
    throw damaged(name, cause);
  }
}

/** xz is no part of the runtime; the program is everywhere where dpkg is. */
async function unxz(name: string, data: Uint8Array, maxBytes: number): Promise<Buffer> {
  const child = spawn("xz", ["--decompress", "--stdout", "--no-sparse", "--memlimit-decompress=512MiB"], {
    env: { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C" },
    stdio: ["pipe", "pipe", "ignore"],
    timeout: UNPACK_DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (cause) =>
      reject(
        new VitrineError("unavailable", `Cannot unpack "${name}": "xz" does not start: ${cause.message}`, {
          cause,
          fix: "apt install xz-utils",
        }),
      ),
    );
    child.on("close", (status) => (status === 0 ? resolve() : reject(damaged(name, undefined))));
  });
  // It may end before it has read all: what it says then counts, not the broken pipe.
  child.stdin.on("error", () => {});
  child.stdin.end(data);
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > maxBytes) child.kill("SIGKILL");
    else chunks.push(chunk);
  });
  try {
    await ended;
  } catch (error) {
    throw length > maxBytes ? tooLarge(name, maxBytes) : error;
  }
  return Buffer.concat(chunks);
}

function tooLarge(name: string, maxBytes: number): VitrineError {
  return new VitrineError("corrupt", `Cannot unpack "${name}": it holds more than ${maxBytes} bytes`);
}

function damaged(name: string, cause: unknown): VitrineError {
  return new VitrineError("corrupt", `Cannot unpack "${name}": it is damaged`, { cause });
}
