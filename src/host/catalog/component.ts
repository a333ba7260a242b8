/**
 * What the catalog knows of one piece of software: the part of an AppStream component that Vitrine shows or uses.
 * Specification: AppStream 1.0, "Catalog metadata".
 */

/** Language key of the text that nobody translated. */
export const UNTRANSLATED = "C";

/** A value by language: {@link UNTRANSLATED}, or a tag of BCP 47 ("pt-BR", "sr-Latn"). */
export type Localized<T = string> = Readonly<Record<string, T>>;

/** Every type of component that is known; one of another type is dropped. */
export const COMPONENT_KINDS = [
  "desktop-application",
  "console-application",
  "web-application",
  "addon",
  "codec",
  "driver",
  "firmware",
  "font",
  "generic",
  "icon-theme",
  "inputmethod",
  "localization",
  "operating-system",
  "repository",
  "runtime",
  "service",
] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** The addresses that are kept, by their AppStream names. */
export const URL_KINDS = ["homepage", "bugtracker", "help", "donation", "vcs-browser"] as const;
export type UrlKind = (typeof URL_KINDS)[number];

/** A picture in the icon archive of the component's source. */
export interface CachedIcon {
  /** File name, no folders. */
  readonly name: string;
  /** Width and height in logical pixels; the picture has `scale` times as many. */
  readonly size: number;
  readonly scale: number;
}

export interface Screenshot {
  readonly url: string;
  readonly width: number | undefined;
  readonly height: number | undefined;
}

export interface Component {
  /** AppStream id without the ending ".desktop", so that it is what the app calls its windows. */
  readonly id: string;
  readonly kind: ComponentKind;
  /** The package that installs it; undefined when its source has no packages. */
  readonly package: string | undefined;
  readonly name: Localized;
  readonly summary: Localized;
  /** Plain text: paragraphs apart by an empty line, list items begin with a bullet. */
  readonly description: Localized;
  readonly keywords: Localized<readonly string[]>;
  readonly developer: Localized;
  readonly license: string | undefined;
  readonly categories: readonly string[];
  readonly urls: Readonly<Partial<Record<UrlKind, string>>>;
  /** File name of its desktop entry. */
  readonly desktopId: string | undefined;
  readonly icons: readonly CachedIcon[];
  readonly screenshots: readonly Screenshot[];
  /** Its makers' version, newest first; a package may be behind. */
  readonly version: string | undefined;
  /** Ids of what an addon is for. */
  readonly extends: readonly string[];
  readonly mimeTypes: readonly string[];
}
