/** What a ready machine is for: its key is equal where a start would come to the very same. */
import { createHash } from "node:crypto";
import { AGENT_PROTOCOL_VERSION } from "../../../channel/contract/agent.ts";
import { CONTROL_PROTOCOL_VERSION } from "../../../channel/contract/control.ts";
import type { PolicyFile } from "../../policy/parse.ts";
import { fileStamp } from "../../snapshot/file-stamp.ts";
import type { SupervisorSpec } from "../supervisor/supervisor-spec.ts";

/** Raised when ready machines are prepared or adopted in another way. */
const READY_FORMAT = 1;

export type ReadyStart = Pick<NonNullable<SupervisorSpec["ready"]>, "argv" | "entry">;

/**
 * The key for starting `start` in a sandbox of this description, whatever its name. In it are all files as they lie on the
 * disk, the permissions (`policy`: of all sandboxes), the network, the user's session, and the compositor: one that has begun anew is another.
 */
export function readyKey(
  { name: _name, colour: _colour, ready: _ready, ...machine }: SupervisorSpec,
  start: ReadyStart,
  policy: PolicyFile,
  version: string,
): string {
  const facts = [READY_FORMAT, version, CONTROL_PROTOCOL_VERSION, AGENT_PROTOCOL_VERSION];
  const stamps = filesOf(machine).map((path) => [path, fileStamp(path)]);
  return digest([facts, machine, start.argv, start.entry, policy, stamps]);
}

/**
 * What somebody wants who starts `start`, whatever it is made of: of two ready machines with the same of this and different
 * keys, the older one is out of date.
 */
export function startKey({ image, network }: Pick<SupervisorSpec, "image" | "network">, start: ReadyStart): string {
  return digest([image, network, start.argv, start.entry]);
}

function digest(facts: unknown): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 32);
}

/** The files of the host that a ready machine depends on, its compositor's socket among them. */
export function filesOf(
  spec: Pick<SupervisorSpec, "kernel" | "toolsImage" | "appImage" | "layerImages" | "compositor">,
): string[] {
  const { kernel, toolsImage, appImage, layerImages, compositor } = spec;
  const socket = compositor === null ? [] : [compositor];
  return [kernel.image, kernel.initramfs, toolsImage, appImage, ...layerImages, ...socket];
}
