/** Starts the supervisor of a sandbox as a process of its own, which outlives its starter. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type ErrorCode, VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { socketPair } from "../../../sys/socket.ts";
import { type Environment, logPaths } from "../directories.ts";
import { removeLogs } from "../log-file.ts";
import { SandboxConnection } from "./control-client.ts";
import { parseReport, REPORT_FD, type SupervisorSpec } from "./supervisor-spec.ts";

/** How long a supervisor may take to listen on its control socket, in milliseconds; a loaded machine needs seconds. */
export const SUPERVISOR_START_DEADLINE_MS = 60_000;

/** The folder that somebody happens to be in must not configure the runtime (.env, bunfig.toml). As in ./vitrine. */
export const RUNTIME_FLAGS = ["--no-env-file", "--config=/dev/null", "--no-install", "--smol"];

/**
 * Starts a supervisor and returns a connection to it, on which to await that the machine has booted. Undefined: another
 * supervisor has the sandbox. Rejects with what else the supervisor says.
 */
export async function startSupervisor(
  spec: SupervisorSpec,
  environment: Environment = process.env,
): Promise<SandboxConnection | undefined> {
  const main = join(import.meta.dirname, "supervisor-main.ts");
  // What the runtime itself says when it gives up belongs in the log as well; but of a trial nothing may be left, whoever is
  // killed before there is a record of it.
  const log = spec.trial === true ? undefined : openSync(logPaths(spec.name, environment).supervisor, "a", 0o600);
  const said = log ?? "ignore";
  const [ours, theirs] = socketPair();
  // Whoever breaks into it, or into what it starts, gains nothing by programs that run as somebody else.
  const child = spawn("setpriv", ["--no-new-privs", process.execPath, ...RUNTIME_FLAGS, main, spec.name], {
    detached: true,
    cwd: "/",
    env: { ...environment },
    stdio: ["pipe", said, said, "pipe", theirs.raw],
  });
  if (log !== undefined) closeSync(log);
  theirs.close();
  child.on("error", () => {}); // There is no setpriv, and so no report.
  child.stdin?.on("error", () => {}); // It ended early; the report says why.
  child.stdin?.end(JSON.stringify(spec));
  try {
    const report = parseReport(await readReport(child.stdio[REPORT_FD] as Readable, spec));
    if ("listening" in report) return new SandboxConnection(spec.name, fdStream(ours));
    ours.close();
    const { code, message, fix } = report.error;
    if (code === "already-exists") return undefined;
    throw new VitrineError(code as ErrorCode, message, fix === undefined ? {} : { fix });
  } catch (error) {
    ours.close();
    child.kill("SIGTERM");
    if (spec.trial === true) removeLogs(spec.name, environment);
    throw error;
  } finally {
    child.unref();
  }
}

function readReport(stream: Readable, { name, trial }: SupervisorSpec): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fix = trial === true ? {} : { fix: `vitrine logs ${name}` };
  const fail = (what: string) => reject(new VitrineError("internal", `Cannot start the supervisor: ${what}`, fix));
  const timer = setTimeout(() => fail("it does not answer"), SUPERVISOR_START_DEADLINE_MS);
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text += chunk;
    if (text.includes("\n")) resolve(text);
  });
  stream.on("end", () => fail("it ended without a word"));
  stream.on("error", (error) => fail(error.message));
  return promise.finally(() => {
    clearTimeout(timer);
    stream.destroy();
  });
}
