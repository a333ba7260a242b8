/** What `vitrine try` does. */
import { randomBytes } from "node:crypto";
import { requireCompositor } from "../host/sandbox/compositor.ts";
import type { SandboxConnection } from "../host/sandbox/control-client.ts";
import { removeLogs } from "../host/sandbox/log-file.ts";
import { attach } from "./attach.ts";
import type { TryFlags } from "./commands/try.ts";
import type { CliContext } from "./context.ts";
import { statusOfProcess } from "./exit-status.ts";
import { launchCommand } from "./launch.ts";
import { openSandbox } from "./prepare.ts";

/** As `run` without options has it. */
const USUAL_MACHINE = {
  sharedMemory: true,
  snapshots: true,
  memoryMib: undefined,
  driver: undefined,
  confined: true,
} as const;
/** How often to look whether windows are left, in milliseconds: those of processes that the app has started and left. */
const WINDOWS_INTERVAL_MS = 500;

export async function tryApp(this: CliContext, flags: TryFlags, image: string, ...argv: string[]): Promise<void> {
  const compositor = flags.display ? requireCompositor(this.process.env) : undefined;
  const name = `try-${randomBytes(4).toString("hex")}`;
  const { network } = flags;
  const connection = await openSandbox(this, { name, image, compositor, network, ...USUAL_MACHINE });
  try {
    const app = { argv, environment: {}, user: "user", stdio: { kind: "streams" } } as const;
    const launched = await launchCommand(connection, app);
    this.process.exitCode = statusOfProcess(await attach(launched, { input: false }));
    await windowsClosed(connection);
  } finally {
    await connection.stop(false).finally(() => removeLogs(name, this.process.env));
  }
}

async function windowsClosed(connection: SandboxConnection): Promise<void> {
  while ((await connection.info()).windows > 0) await Bun.sleep(WINDOWS_INTERVAL_MS);
}
