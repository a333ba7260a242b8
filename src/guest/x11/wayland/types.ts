/** Places and sizes, in pixels of the X screen, which are the display's logical ones. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rectangle extends Point, Size {}

export interface Insets {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function sameSize(one: Size | undefined, other: Size | undefined): boolean {
  return one?.width === other?.width && one?.height === other?.height;
}
