/** The sandboxes of trials. */
import { randomBytes } from "node:crypto";
import { colourOfName, type SandboxColour } from "../../host/sandbox/colour.ts";

/** A name that no other sandbox has, and its colour. */
export function newTrial(): { readonly name: string; readonly colour: SandboxColour } {
  const name = `try-${randomBytes(4).toString("hex")}`;
  return { name, colour: colourOfName(name) };
}
