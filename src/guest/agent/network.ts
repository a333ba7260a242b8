/** The guest's network card, and what tells programs how to find names. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { BUSYBOX } from "./launch-command.ts";
import { findInRoot } from "./resolve-command.ts";
import { runProgram } from "./run-program.ts";

/** Modules of the card's driver, in the order of their names. */
const MODULES = "/modules/network";
const INTERFACES = "/sys/class/net";

export interface NetworkSettings {
  readonly addresses: readonly { readonly address: string; readonly bits: number; readonly gateway: string }[];
  readonly nameServers: readonly string[];
}

/** Loads the card's driver, gives the card its addresses, and writes /etc/resolv.conf in the app root. */
export async function openNetwork(appRoot: string, settings: NetworkSettings): Promise<void> {
  for (const file of readdirSync(MODULES).sort()) {
    await runProgram(BUSYBOX, ["insmod", join(MODULES, file)]).catch(() => {}); // It may be there already.
  }
  const card = readdirSync(INTERFACES).find((name) => name !== "lo");
  if (card === undefined) throw new VitrineError("unavailable", "Cannot open the network: a network card is wanted");
  // Nobody else is on this network: addresses need not be tried, and nobody has to tell which there are.
  for (const setting of ["accept_dad", "accept_ra"]) writeFileSync(`/proc/sys/net/ipv6/conf/${card}/${setting}`, "0");
  await runProgram(BUSYBOX, ["ip", "link", "set", card, "up"]);
  for (const { address, bits, gateway } of settings.addresses) {
    await runProgram(BUSYBOX, ["ip", "address", "add", `${address}/${bits}`, "dev", card]);
    await runProgram(BUSYBOX, ["ip", "route", "add", "default", "via", gateway, "dev", card]);
  }
  const folder = findInRoot(appRoot, "/etc")?.outside;
  if (folder === undefined) return;
  // A new file in place of what the image has: often a link to a file of a service that does not run here.
  rmSync(join(folder, "resolv.conf"), { force: true });
  writeFileSync(join(folder, "resolv.conf"), settings.nameServers.map((server) => `nameserver ${server}\n`).join(""), {
    flag: "wx",
  });
}
