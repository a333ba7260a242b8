import type { BuildOptions } from "./build-options.ts";
/** What an image is made of: the same inputs give the same image. */
export interface ImageInputs { readonly release: string; readonly packages: readonly string[] }
export interface ImageRecord {
  readonly name: string;
  readonly inputs: ImageInputs;
  /** SHA-256 of the file system. */
  readonly digest: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}
export interface OpenImage { readonly record: ImageRecord; /** Absolute, verified. */ readonly path: string }
/** `built` is false when that image was there already. */
export declare function buildImage(name: string, inputs: ImageInputs, options?: BuildOptions & {mirror?: string}): Promise<{ record: ImageRecord; built: boolean }>;
export declare function openImage(name: string): Promise<OpenImage>;
export declare function listImages(): { records: ImageRecord[]; broken: { name: string; reason: string }[] };
/** `usedBy` says which running sandboxes use the image. */
export declare function removeImage(name: string, usedBy: (name: string) => string[]): Promise<void>;
