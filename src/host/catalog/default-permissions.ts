/** What an app may do in a new sandbox, for `vitrine info`. docs/THREAT-MODEL.md says how each is enforced. */

export interface DefaultPermission {
  readonly name: string;
  readonly granted: string;
}

export const DEFAULT_PERMISSIONS: readonly DefaultPermission[] = [
  { name: "windows", granted: "shown on your desktop, under the sandbox's name" },
  { name: "clipboard", granted: "while one of its windows has the focus" },
  { name: "network", granted: "none" },
  { name: "files", granted: "its own only, none of yours" },
  { name: "devices", granted: "none: no camera, microphone, printer, USB" },
];
