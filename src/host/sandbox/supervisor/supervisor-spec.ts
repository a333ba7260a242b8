/** What a supervisor is told by whoever starts it, on its standard input; and what it answers, on descriptor 3. */
import * as z from "zod/mini";
import { VitrineError } from "../../../base/error.ts";
import { entrySchema, looksSchema } from "../../../channel/contract/agent.ts";
import { policySchema } from "../../network/policy.ts";
import { DRIVER_NAMES } from "../../vmm/drivers.ts";
import { COLOUR_NAMES } from "../colour.ts";

/** Everything that makes a sandbox. Files are absolute paths, read and never written, but for the home. */
const specSchema = z.object({
  name: z.string(),
  /** Of the frames around its windows. */
  colour: z.enum(COLOUR_NAMES),
  /** What its root is made of, as people call it: the image, or the apps. */
  image: z.string(),
  kernel: z.object({ version: z.string(), image: z.string(), initramfs: z.string(), digest: z.string() }),
  toolsImage: z.string(),
  appImage: z.string(),
  /** File systems over that, the lowest first. */
  layerImages: z.array(z.string()),
  /** The disk with the user's home; null: it ends with the sandbox. */
  home: z.nullable(z.object({ path: z.string(), unused: z.boolean() })),
  memoryMib: z.optional(z.int().check(z.minimum(128), z.maximum(1024 * 1024))),
  /** The window arena's template; null: pixels travel as bytes, as on a driver without shared memory. */
  arena: z.nullable(z.object({ path: z.string(), size: z.int(), dataOffset: z.int(), dataLength: z.int() })),
  /** Machines are started from snapshots, which are taken where there is none. */
  snapshots: z.boolean(),
  /** Socket of the compositor; null: no windows. */
  compositor: z.nullable(z.string()),
  /** The virtual machine monitor. */
  driver: z.enum(DRIVER_NAMES),
  /** The monitor runs inside its walls; false only when the user said so. */
  confined: z.boolean(),
  /** What the guest may reach; null: it has no network card. */
  network: z.nullable(
    z.object({
      policy: policySchema,
      /** Names may stand for addresses of local networks. */
      trustNames: z.boolean(),
    }),
  ),
  /** What the guest gets of the user's session, see contract/agent.ts. */
  session: z.object({ environment: z.record(z.string(), z.string()), looks: looksSchema }),
  /** It ends with whoever has started or adopted it, whatever still runs in it. */
  trial: z.optional(z.boolean()),
  /** An app to be started at once, for whoever comes with this key: see ready-app.ts. Null: the sandbox waits for callers. */
  ready: z.nullable(z.object({ key: z.string(), argv: z.array(z.string()), entry: z.nullable(entrySchema) })),
});
export type SupervisorSpec = z.infer<typeof specSchema>;

/** The descriptor on which a supervisor says once that it listens, or why it will not. */
export const REPORT_FD = 3;
/** The descriptor of its first control connection, whose other end the starter holds. */
export const STARTER_FD = 4;

const reportSchema = z.union([
  z.object({ listening: z.literal(true) }),
  z.object({ error: z.object({ code: z.string(), message: z.string(), fix: z.optional(z.string()) }) }),
]);
export type SupervisorReport = z.infer<typeof reportSchema>;

/** Throws VitrineError "internal" when `json` is not a spec. */
export function parseSpec(json: string): SupervisorSpec {
  return parse(specSchema, json, "the description of a sandbox");
}

/** Throws VitrineError "internal" when `json` is not a report. */
export function parseReport(json: string): SupervisorReport {
  return parse(reportSchema, json, "the report of a supervisor");
}

function parse<S extends z.ZodMiniType>(schema: S, json: string, what: string): z.infer<S> {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new VitrineError("internal", `Cannot read ${what}: "${json.slice(0, 100)}"`, { cause });
  }
}
