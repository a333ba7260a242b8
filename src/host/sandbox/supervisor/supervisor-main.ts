/**
 * The process of a supervisor: reads the spec from its standard input, says on descriptor 3 when it listens, lives until
 * its sandbox has ended. One process for each sandbox: a crash or a compromise of one reaches no other.
 */
import { closeSync, readFileSync, writeSync } from "node:fs";
import { VitrineError } from "../../../base/error.ts";
import { fdStream } from "../../../channel/fd-stream.ts";
import { OwnedFd } from "../../../sys/fd.ts";
import { forbidCoreDumps } from "../../../sys/process.ts";
import { createDriver } from "../../vmm/drivers.ts";
import { logPaths, sandboxPaths } from "../directories.ts";
import { awaitLock } from "../lock.ts";
import { LogFile, removeLogs } from "../log-file.ts";
import { loadPolicy } from "../policy-files.ts";
import { logReady, refuseReady } from "../ready/ready-machines.ts";
import { describeEnd, type EndReason, isFailure } from "./lifecycle.ts";
import { Supervisor } from "./supervisor.ts";
import { parseSpec, REPORT_FD, STARTER_FD, type SupervisorReport } from "./supervisor-spec.ts";

/** Nobody reads it when whoever started this has been killed: the end of its connection then says so, too. */
function report(message: SupervisorReport): void {
  try {
    writeSync(REPORT_FD, `${JSON.stringify(message)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  closeSync(REPORT_FD);
}

/** Of a machine that nobody has had a line remains, in the log of all such. */
function noteReady(name: string, key: string, reason: EndReason): void {
  const failed = reason.kind === "given-up" && reason.failed;
  logReady(failed ? "warning" : "info", `${name}: ${describeEnd(reason)}`);
  if (failed) refuseReady(key);
}

async function main(): Promise<void> {
  // A guest can crash its monitor, and what it had in memory was to be gone with it.
  forbidCoreDumps();
  const spec = parseSpec(readFileSync(0, "utf8"));
  const lock = await awaitLock(sandboxPaths(spec.name));
  if (lock === undefined)
    throw new VitrineError("already-exists", `Cannot start sandbox "${spec.name}": it runs already`);
  const logs = logPaths(spec.name);
  const log = new LogFile(logs.supervisor);
  process.on("uncaughtException", (error) => {
    log.entry("error", `defect of the supervisor: ${error.stack ?? error.message}`);
    lock.release();
    process.exit(70);
  });
  const starter = fdStream(OwnedFd.own(STARTER_FD));
  const supervisor = new Supervisor({
    starter,
    spec,
    paths: sandboxPaths(spec.name),
    consoleLog: logs.console,
    log,
    driver: await createDriver(spec.driver),
    policy: () => loadPolicy(spec.name),
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    let asked = false;
    process.on(signal, () => {
      supervisor.stopFor({ kind: "signal", signal }, asked);
      asked = true;
    });
  }
  report({ listening: true });
  const reason = await supervisor.run();
  log.close();
  if (spec.ready !== null && supervisor.neverAdopted) noteReady(spec.name, spec.ready.key, reason);
  // Whoever has started it may have been killed.
  if (spec.trial === true) removeLogs(spec.name, process.env);
  lock.release();
  process.exit(isFailure(reason) ? 1 : 0);
}

try {
  await main();
} catch (error) {
  const { code, message, fix } = VitrineError.from(error);
  report({ error: { code, message, ...(fix === undefined ? {} : { fix }) } });
  process.exitCode = 1;
}
