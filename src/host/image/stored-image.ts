/** File systems of the store that are named by their content. */
import * as z from "zod/mini";

export const storedImageSchema = z.object({
  /** SHA-256, hex. */
  digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  bytes: z.int().check(z.minimum(1)),
});
export type StoredImage = z.infer<typeof storedImageSchema>;

/** Digits of a digest that are in the name of a folder of the store. */
export const STORED_NAME_CHARS = 16;
