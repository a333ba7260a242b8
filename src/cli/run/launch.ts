/** Starting a process in a sandbox, with the exit status that shells have for a command that is not there. */
import { VitrineError } from "../../base/error.ts";
import { MAX_ACTIVATION_TOKEN_CHARS } from "../../channel/contract/control.ts";
import type { Environment } from "../../host/sandbox/directories.ts";
import type { LaunchedProcess, SandboxConnection } from "../../host/sandbox/supervisor/control-client.ts";
import { CommandNotFound } from "../terminal/exit-status.ts";

/**
 * As connection.launch(), but a command that the sandbox does not have throws {@link CommandNotFound}. The activation token of
 * whoever started this command goes along.
 */
export async function launchCommand(
  connection: SandboxConnection,
  request: Parameters<SandboxConnection["launch"]>[0],
  environment: Environment = process.env,
): Promise<LaunchedProcess> {
  const token = activationToken(environment);
  try {
    return await connection.launch(token === undefined ? request : { ...request, activationToken: token });
  } catch (error) {
    const { code, message } = VitrineError.from(error);
    if (code === "not-found") throw new CommandNotFound(message, error);
    throw error;
  }
}

/** The token that whoever started this command has given it for its window; undefined when there is none. */
export function activationToken({ XDG_ACTIVATION_TOKEN: token = "" }: Environment): string | undefined {
  return token !== "" && token.length <= MAX_ACTIVATION_TOKEN_CHARS ? token : undefined;
}
