/**
 * zwp_text_input_v3: input methods, for scripts that have more characters than keys, and screen keyboards. (Versions 1
 * and 2 are not offered: they let an app speak for a surface that has no focus.)
 *
 * 1. The compositor says which surface its text input is for: enter, leave. What an app says outside of that is not
 *    passed on, so an app in the background can neither open the screen keyboard nor speak to the input method.
 * 2. `done` names the commit that it answers by counting them. Those that were not passed on are added again, or the
 *    app would take every answer for an old one.
 */
import { zwp_text_input_manager_v3, zwp_text_input_v3 } from "../../../wayland/generated/text-input-unstable-v3.ts";
import { defineRelay, forward, type GuestRequest } from "../relay.ts";
import { again } from "../replay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";
import { placeForHost, targetOf } from "./input-focus.ts";

interface TextInputState {
  /** The surface of the app's that has the text input. */
  entered: GuestSurface | undefined;
  /** All commits of the app, and those that the compositor of the moment was not told of. */
  commits: number;
  withheldCommits: number;
}

function whileEntered({ object, forward }: GuestRequest<TextInputState>): void {
  if (object.state.entered !== undefined) forward();
}

export const textInputManagerRelay = defineRelay({
  table: zwp_text_input_manager_v3,
  version: 1,
  requests: { destroy: forward, get_text_input: forward },
  events: {},
});

export const textInputRelay = defineRelay<TextInputState>({
  table: zwp_text_input_v3,
  version: 1,
  state: () => ({ entered: undefined, commits: 0, withheldCommits: 0 }),
  requests: {
    destroy: forward,
    enable: whileEntered,
    disable: whileEntered,
    set_surrounding_text: whileEntered,
    set_text_change_cause: whileEntered,
    set_content_type: whileEntered,
    set_cursor_rectangle: ({ object, args, forward }) => {
      const [x = 0, y = 0, width = 0, height = 0] = args as number[];
      const { entered } = object.state;
      if (entered !== undefined) forward([...placeForHost(entered, x, y), width, height]);
    },
    commit: ({ object, forward }) => {
      object.state.commits += 1;
      if (object.state.entered !== undefined) forward();
      else object.state.withheldCommits += 1;
    },
  },
  events: {
    enter: ({ client, object, args, forward }) => {
      const target = targetOf(client, args[0] as number);
      object.state.entered = target === "frame" ? undefined : target;
      if (target !== "frame") forward();
    },
    leave: ({ object, forward }) => {
      object.state.entered = undefined;
      forward();
    },
    preedit_string: forward,
    commit_string: forward,
    delete_surrounding_text: forward,
    done: ({ object, args, forward }) => forward([((args[0] as number) + object.state.withheldCommits) >>> 0]),
  },
  lost: (client, object) => {
    const { state } = object;
    if (state.entered !== undefined)
      client.sendToGuest(object.guestId, zwp_text_input_v3, "leave", [state.entered.guestId]);
    state.entered = undefined;
    state.withheldCommits = state.commits;
  },
  returns: again,
});
