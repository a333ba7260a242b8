/**
 * Where a catalog comes from: one interface for archives, files and folders. A source first says what it has (this may use
 * the network, and gets and verifies everything), then gives it; between the two the caller decides whether the index must
 * be made anew.
 */
import type { FileStore } from "./file-store.ts";
import type { SourceContent } from "./index-writer.ts";

export interface CatalogSource {
  /** Unique among the sources: "debian trixie". */
  readonly name: string;
  /** Gets what is new, verifies it and stores it. Nothing of it has been parsed when this returns. */
  prepare(context: SourceContext): Promise<PreparedSource>;
}

export interface SourceContext {
  readonly store: FileStore;
  /** Folder for what the source must remember from one refresh to the next. */
  readonly releases: string;
  readonly signal: AbortSignal | undefined;
  /** What is being done: "downloading Components-amd64.yml.xz"; with how much of it, 0 to 1, when that is known. */
  onStage(stage: string, fraction?: number): void;
}

export interface PreparedSource {
  /** Equal when what it has is equal. */
  readonly fingerprint: string;
  /** Digests of what it keeps in the store. */
  readonly files: readonly string[];
  /** Parses it. */
  open(): Promise<SourceContent>;
  /** Called when the index made of it is in place: from now on nothing older is accepted. */
  commit(): void;
}
