/** Asks a compositor what it offers, and so whether it lives. */
import { ControlConnection } from "./control-connection.ts";

/** Names and versions of the compositor's globals. Throws "unavailable" or "timeout". */
export async function probeCompositor(socketPath: string): Promise<ReadonlyMap<string, number>> {
  const control = await ControlConnection.open(socketPath);
  control.close();
  return new Map([...control.globals.values()].map((global) => [global.interface, global.version]));
}
