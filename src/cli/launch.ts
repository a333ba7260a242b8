/** Starting a process in a sandbox, with the exit status that shells have for a command that is not there. */
import { VitrineError } from "../base/error.ts";
import { MAX_ACTIVATION_TOKEN_CHARS } from "../channel/contract/control.ts";
import type { LaunchedProcess, SandboxConnection } from "../host/sandbox/control-client.ts";
import type { Environment } from "../host/sandbox/directories.ts";
import { CommandNotFound } from "./exit-status.ts";

/**
 * As connection.launch(), but a command that the sandbox does not have throws {@link CommandNotFound}. The activation token of
 * whoever started this command goes along.
 */
export async function launchCommand(
  connection: SandboxConnection,
  request: Parameters<SandboxConnection["launch"]>[0],
  environment: Environment = process.env,
): Promise<LaunchedProcess> {
  const { XDG_ACTIVATION_TOKEN: activationToken = "" } = environment;
  const isToken = activationToken !== "" && activationToken.length <= MAX_ACTIVATION_TOKEN_CHARS;
  try {
    return await connection.launch(isToken ? { ...request, activationToken } : request);
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "not-found") throw new CommandNotFound(message, error);
    throw error;
  }
}
