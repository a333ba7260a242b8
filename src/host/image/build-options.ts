/** What every build of this folder takes, and what it says while it runs. */

/** A step of a build, for a progress display. */
export interface BuildProgress {
  /** What is being done, as a short phrase: "downloading packages". */
  readonly stage: string;
  /** What of it, for a display that is rewritten: "12 of 40 MB". */
  readonly detail?: string;
  /** How far this stage is, 0 to 1; absent when it cannot be told. */
  readonly fraction?: number;
}

export interface BuildOptions {
  readonly onProgress?: (progress: BuildProgress) => void;
  /** Ends the build: the promise rejects with VitrineError "cancelled", and nothing is left behind. */
  readonly signal?: AbortSignal;
  /** Build anew although a result is there, with what the archive has now. */
  readonly force?: boolean;
}
