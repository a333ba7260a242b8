/**
 * Packages that apps need in a sandbox without saying so: what they depend on only recommends them, because it could draw
 * in another way than on Wayland, or something else than icons.
 */

interface Companion {
  /** Of a package that will be installed. */
  readonly with: RegExp;
  readonly add: string;
  readonly reason: string;
}

const COMPANIONS: readonly Companion[] = [
  { with: /^libqt6gui6/, add: "qt6-wayland", reason: "Qt 6 reaches Wayland by a plugin" },
  { with: /^libqt5gui5/, add: "qtwayland5", reason: "Qt 5 reaches Wayland by a plugin" },
  { with: /^libqt6gui6/, add: "qt6-svg-plugins", reason: "Qt 6 draws icons that are SVG by a plugin" },
  { with: /^libqt5gui5/, add: "libqt5svg5", reason: "Qt 5 draws icons that are SVG by a plugin" },
  {
    with: /^libqt[56]svg|^libkf[56]iconthemes/,
    add: "breeze-icon-theme",
    reason: "KDE's apps have no icons of their own",
  },
  { with: /^libreoffice-core$/, add: "libreoffice-gtk3", reason: "LibreOffice reaches Wayland by GTK" },
  { with: /^libsdl2-2/, add: "libdecor-0-plugin-1-gtk", reason: "SDL draws no title bar itself" },
];

/** What to install beside `planned`, that is not in there yet. */
export function companionsOf(planned: readonly string[]): string[] {
  return COMPANIONS.filter(({ with: pattern }) => planned.some((name) => pattern.test(name)))
    .map(({ add }) => add)
    .filter((name) => !planned.includes(name));
}
