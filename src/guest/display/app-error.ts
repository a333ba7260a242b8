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
