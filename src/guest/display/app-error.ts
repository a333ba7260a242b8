/** An app's mistake, told to it as wl_display.error. */
export class AppError extends Error {
  readonly objectId: number;
  readonly wireCode: number;

  constructor(objectId: number, wireCode: number, message: string) {
    super(message);
    this.name = "AppError";
    this.objectId = objectId;
    this.wireCode = wireCode;
  }
}

/** The object that every connection begins with. */
export const WL_DISPLAY = 1;
/** wl_display.error */
export const WL_DISPLAY_ERROR = { invalidObject: 0, invalidMethod: 1, noMemory: 2 } as const;
