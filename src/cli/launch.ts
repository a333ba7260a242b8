/** Starting a process in a sandbox, with the exit status that shells have for a command that is not there. */
import { VitrineError } from "../base/error.ts";
import type { LaunchedProcess, SandboxConnection } from "../host/sandbox/control-client.ts";
import { CommandNotFound } from "./exit-status.ts";

/** As connection.launch(), but a command that the sandbox does not have throws {@link CommandNotFound}. */
export async function launchCommand(
  connection: SandboxConnection,
  request: Parameters<SandboxConnection["launch"]>[0],
): Promise<LaunchedProcess> {
  try {
    return await connection.launch(request);
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "not-found") throw new CommandNotFound(message, error);
    throw error;
  }
}
