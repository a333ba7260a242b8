/**
 * What a policy can speak of, as data: every topic with its values, from the most to the least restrictive, the value that
 * is shipped, and the reason for it. docs/PERMISSIONS.md tells users the same.
 *
 *   off, deny           never
 *   on-paste, on-copy,  only within INPUT_GRACE_MS after a key, button or touch was delivered to the sandbox
 *   on-input
 *   ask                 not until the user allows it by `vitrine permissions`; what happens instead is said with the topic
 *   on, allow           whenever the compositor lets the app
 */

/** How long after an input event an app may do what is bound to one, in milliseconds: a paste in an emulated machine takes up to two seconds, and a person who has turned away for longer did not ask for it. */
export const INPUT_GRACE_MS = 3000;

/** What a value says. */
export type Value = "off" | "deny" | "on-paste" | "on-copy" | "on-input" | "ask" | "on" | "allow";

interface TopicTable {
  /** From the most restrictive, which stands for "deny", to the least. */
  readonly values: readonly [Value, ...Value[]];
  readonly shipped: Value;
  /** What an app gets to do, for people. */
  readonly brief: string;
  /** Why it is shipped so. */
  readonly reason: string;
}

export const TOPICS = {
  "clipboard-in": {
    values: ["off", "on-paste", "on"],
    shipped: "on-paste",
    brief: "paste what was copied outside the sandbox",
    reason: "pasting works; an app that merely has the focus cannot watch what is copied elsewhere",
  },
  "clipboard-out": {
    values: ["off", "on-copy", "on"],
    shipped: "on-copy",
    brief: "copy for apps outside the sandbox",
    reason: "copying works; an app cannot replace the clipboard when nobody has touched it",
  },
  "primary-selection": {
    values: ["off", "on"],
    shipped: "off",
    brief: "share text that is merely selected, pasted by a middle click",
    reason: "selecting is not yet consent to hand over; within the sandbox it works all the same",
  },
  "drag-in": {
    values: ["off", "on"],
    shipped: "on",
    brief: "accept what is dragged into its windows",
    reason: "a drag is the user's own, deliberate act, and shows where it goes",
  },
  "drag-out": {
    values: ["off", "on"],
    shipped: "on",
    brief: "have things dragged out of its windows",
    reason: "as drag-in; the receiver decides what it takes",
  },
  fullscreen: {
    values: ["deny", "ask", "allow"],
    shipped: "ask",
    brief: "fill the whole screen (ask: it is maximised instead, and a notice tells how to allow it)",
    reason: "an app that fills the screen could paint a desktop, a lock screen or another app",
  },
  "pointer-lock": {
    values: ["off", "on"],
    shipped: "on",
    brief: "hold the pointer in its window, for games and viewers",
    reason: "compositors give it only to the window under the pointer, and take it back with the focus",
  },
  "idle-inhibit": {
    values: ["off", "on"],
    shipped: "on",
    brief: "keep the screen from blanking while its window is seen",
    reason: "films need it; it ends when the window is hidden",
  },
  "shortcuts-inhibit": {
    values: ["off", "on"],
    shipped: "off",
    brief: "get key combinations that belong to the desktop",
    reason: "the desktop's own keys are how a user gets away from an app",
  },
  activation: {
    values: ["off", "on-input", "on"],
    shipped: "on-input",
    brief: "bring windows to the front",
    reason: "a press that opens a window may raise it, within ten seconds; an app cannot steal the focus by itself",
  },
} as const satisfies Readonly<Record<string, TopicTable>>;

export type Topic = keyof typeof TOPICS;

/** Every topic, in the order in which they are shown. */
export const TOPIC_NAMES = Object.keys(TOPICS) as readonly Topic[];

/** Values of `interface:NAME`, the more restrictive first. */
export const INTERFACE_VALUES = ["deny", "allow"] as const;
export type InterfaceValue = (typeof INTERFACE_VALUES)[number];

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(TOPICS, name);
}

/** The values of a topic, the most restrictive first. */
export function valuesOf(topic: Topic): readonly [Value, ...Value[]] {
  return TOPICS[topic].values;
}
