/** `vitrine create`: makes a sandbox with a home of its own. */
import { buildCommand } from "@stricli/core";
import type { NetworkPolicy } from "../../host/network/policy.ts";
import type { SandboxColour } from "../../host/sandbox/colour.ts";
import type { CliContext } from "../context.ts";
import { colourFlag, networkFlag } from "../flags.ts";
import { homeSize, imageName } from "../names.ts";
import { formatBytes } from "../terminal/report.ts";

interface CreateFlags {
  readonly image: string;
  readonly disk?: number;
  readonly colour?: SandboxColour;
  readonly network?: NetworkPolicy;
}

export const createCommand = buildCommand<CreateFlags, [string], CliContext>({
  async func({ image, disk, colour, network }, name) {
    const { openImage } = await import("../../host/image/images.ts");
    const { lockConfig } = await import("../../host/sandbox/config.ts");
    const { makeSandbox } = await import("../../host/sandbox/make.ts");
    await openImage(image);
    using _lock = lockConfig(name, this.process.env);
    const system = { kind: "image", image } as const;
    const made = makeSandbox({ name, system, homeBytes: disk, colour, network }, this.process.env);
    this.process.stdout.write(`${name} ${made.colour}, a home of up to ${formatBytes(made.homeBytes)}\n`);
  },
  parameters: {
    flags: {
      image: { kind: "parsed", ...imageName, brief: "Image that its root is made of; vitrine image list shows them" },
      disk: {
        kind: "parsed",
        ...homeSize,
        optional: true,
        brief: "Most that its home may take (default: 16G); what is not used takes no room",
      },
      network: networkFlag,
      colour: colourFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "Name of the sandbox", parse: String, placeholder: "SANDBOX" }],
    },
  },
  docs: {
    brief: "Make a sandbox that keeps its home",
    fullDescription:
      "What is in the home stays until the sandbox is removed; everything else is as in the image at each start.\n\n" +
      "  vitrine create letters --image writing\n" +
      "  vitrine run --sandbox letters -- gnome-text-editor",
  },
});
