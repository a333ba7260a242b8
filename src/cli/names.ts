/** Parameters that name a sandbox or an image; a shell proposes those that there are. */
import type { CliContext } from "./context.ts";

async function proposeSandboxes(this: CliContext, partial: string): Promise<string[]> {
  const { listSandboxes } = await import("../host/sandbox/record.ts");
  return beginningWith(
    listSandboxes(this.process.env).map((entry) => entry.name),
    partial,
  );
}

async function proposeImages(this: CliContext, partial: string): Promise<string[]> {
  const { listImages } = await import("../host/image/images.ts");
  return beginningWith(
    listImages().records.map((record) => record.name),
    partial,
  );
}

function beginningWith(names: string[], partial: string): string[] {
  return names.filter((name) => name.startsWith(partial));
}

export const sandboxName = { parse: String, placeholder: "SANDBOX", proposeCompletions: proposeSandboxes } as const;
export const imageName = { parse: String, placeholder: "NAME", proposeCompletions: proposeImages } as const;
