/** The guest's network card, and what tells programs how to find names. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX } from "./launch-command.ts";
import { findInRoot } from "./resolve-command.ts";
import { runProgram } from "./run-program.ts";

const SCRIPT = "/etc/open-network";

export interface NetworkSettings {
  readonly addresses: readonly { readonly address: string; readonly bits: number; readonly gateway: string }[];
  readonly nameServers: readonly string[];
}

/** Loads the card's driver, gives the card its addresses, and writes /etc/resolv.conf in the app root. */
export async function openNetwork(appRoot: string, settings: NetworkSettings): Promise<void> {
  const words = settings.addresses.flatMap(({ address, bits, gateway }) => [`${address}/${bits}`, gateway]);
  await runProgram(BUSYBOX, ["sh", SCRIPT, ...words]);
  const folder = findInRoot(appRoot, "/etc")?.outside;
  if (folder === undefined) return;
  // A new file in place of what the image has: often a link to a file of a service that does not run here.
  rmSync(join(folder, "resolv.conf"), { force: true });
  writeFileSync(join(folder, "resolv.conf"), settings.nameServers.map((server) => `nameserver ${server}\n`).join(""), {
    flag: "wx",
  });
}
