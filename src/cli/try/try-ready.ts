/** A try that begins where another machine has got to already: it takes a ready one, and has the next one made. */
import { VitrineError } from "../../base/error.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import { policyPaths, readPolicyFile } from "../../host/sandbox/policy-files.ts";
import { type ReadyStart, readyKey } from "../../host/sandbox/ready/ready-key.ts";
import { startReady } from "../../host/sandbox/ready/ready-machines.ts";
import { readRecords } from "../../host/sandbox/record.ts";
import { readSettings } from "../../host/sandbox/settings.ts";
import {
  connectSandbox,
  type LaunchedProcess,
  type SandboxConnection,
} from "../../host/sandbox/supervisor/control-client.ts";
import type { SupervisorSpec } from "../../host/sandbox/supervisor/supervisor-spec.ts";
import { fileOf } from "../run/hand-in.ts";
import { activationToken } from "../run/launch.ts";
import { readVersion } from "../version.ts";
import { newTrial } from "./try-name.ts";

/** A trial that runs. */
export interface RunningTrial {
  /** Of its sandbox. */
  readonly name: string;
  readonly connection: SandboxConnection;
  readonly launched: LaunchedProcess;
  /** Brings back what the app has saved; see hand-in.ts. */
  readonly finish?: ((launched: LaunchedProcess) => Promise<void>) | undefined;
}

/** The ready machines for one way to start an app. */
export class ReadyMachines {
  readonly #spec: SupervisorSpec & { readonly ready: NonNullable<SupervisorSpec["ready"]> };
  readonly #environment: Environment;

  /**
   * Those that begin as `start` would in the sandbox of `spec`. Undefined when there can be none: nothing is shown, the user
   * wants none, or the app is to open files, which are handed in when it starts.
   */
  static of(spec: SupervisorSpec, start: ReadyStart, environment: Environment): ReadyMachines | undefined {
    if (spec.compositor === null || spec.home !== null || readSettings(environment).readyMachines === 0)
      return undefined;
    if (start.entry !== null && start.argv.slice(1).some((word) => fileOf(word) !== undefined)) return undefined;
    // Of a trial's own name there is none.
    const policy = readPolicyFile(policyPaths(spec.name, environment).global);
    const key = readyKey(spec, start, policy, readVersion());
    return new ReadyMachines(spec, { ...start, key }, environment);
  }

  private constructor(spec: SupervisorSpec, ready: NonNullable<SupervisorSpec["ready"]>, environment: Environment) {
    this.#spec = { ...spec, ready };
    this.#environment = environment;
  }

  /** Takes one; undefined when there is none, or others were faster. */
  async take(): Promise<RunningTrial | undefined> {
    const { key } = this.#spec.ready;
    const token = activationToken(this.#environment);
    for (const { name, ready } of readRecords(this.#environment)) {
      if (ready?.key !== key || ready.state !== "ready") continue;
      const trial = await this.#takeFrom(name, token === undefined ? { key } : { key, activationToken: token });
      if (trial !== undefined) return trial;
    }
    return undefined;
  }

  /** Has the next one made. What comes of it is nobody's concern here. */
  async makeNext(): Promise<void> {
    await startReady({ ...this.#spec, ...newTrial() }, this.#environment);
  }

  async #takeFrom(name: string, request: Parameters<SandboxConnection["adopt"]>[0]): Promise<RunningTrial | undefined> {
    let connection: SandboxConnection | undefined;
    try {
      connection = await connectSandbox(name, this.#environment);
      return { name, connection, launched: await connection.adopt(request) };
    } catch (error) {
      connection?.close();
      // It is gone, or somebody else's, or does not go on: an app is started as if it had not been there.
      if (VitrineError.from(error).code === "internal") throw error;
      return undefined;
    }
  }
}
