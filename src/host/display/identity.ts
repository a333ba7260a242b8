/**
 * How a guest's windows are named on the host. The application id is always ours: compositors use it to find the
 * launcher, its icon and its rules, so a guest must not be able to pass for an application of the host.
 */
import { sanitizeText } from "../../base/sanitize.ts";
import { MAX_APP_ID_CHARS, MAX_TITLE_CHARS } from "./limits.ts";

/** First part of every application id that Vitrine shows to a compositor. */
const APP_ID_PREFIX = "vitrine";

/** The application id on the host of an app that calls itself `guestAppId` in `sandbox`: "vitrine.SANDBOX.ID". */
export function hostAppId(sandbox: string, guestAppId: string): string {
  const safe = guestAppId.slice(0, MAX_APP_ID_CHARS).replace(/[^A-Za-z0-9._-]/g, "_");
  return `${APP_ID_PREFIX}.${sandbox}.${safe === "" ? "app" : safe}`;
}

/** A title fit to be shown on the host: no controls, no bidirectional tricks, bounded. */
export function hostTitle(guestTitle: string): string {
  return sanitizeText(guestTitle, MAX_TITLE_CHARS);
}

/** A description of a window for people, as {@link hostTitle}, led by the name of the sandbox. */
export function hostDescription(sandbox: string, guestDescription: string): string {
  return `${sandbox}: ${hostTitle(guestDescription)}`;
}
