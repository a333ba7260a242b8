/**
 * xdg_activation: an app asks that a window be given the focus, or be marked as wanting it. The classic way to steal
 * the focus, so it takes the user's own hand.
 *
 * 1. A token is asked of the compositor only when the app names a press or release of the last seconds that it was
 *    given (input-serials.ts), and the policy agrees. Else the app gets a token that does nothing: the protocol knows no
 *    refusal.
 * 2. The compositor's token stays here; the app gets a name for it that is good in its own sandbox alone.
 * 3. The window to be activated is a live surface of the app. The application id that is announced is rewritten.
 */
import { xdg_activation_token_v1, xdg_activation_v1 } from "../../../wayland/generated/xdg-activation-v1.ts";
import type { DisplayClient } from "../client.ts";
import { type DisplayContext, perSandbox } from "../context.ts";
import { hostAppId } from "../identity.ts";
import { ACTIVATION_ACTION_MAX_AGE_MS, MAX_ACTIVATION_TOKENS } from "../limits.ts";
import { MintedNames } from "../minted-names.ts";
import { permitted } from "../policy.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { defineRelay, forward, type RelayObject } from "../relay.ts";
import type { GuestSurface } from "../surfaces/guest-surface.ts";

interface TokenState {
  /** The app has named what the user did. */
  userActed: boolean;
  committed: boolean;
}

const ALREADY_USED = xdg_activation_token_v1.enums.error?.entries.already_used ?? 0;

function checkUncommitted(object: RelayObject<TokenState>): void {
  if (object.state.committed)
    throw new ProtocolViolation(object.guestId, ALREADY_USED, "the token was committed before");
}

const tokens = perSandbox(() => new MintedNames(MAX_ACTIVATION_TOKENS));

/** A guest's token that stands for one of the compositor's, in this sandbox. */
export function mintActivationToken(context: DisplayContext, hostToken: string): string {
  return tokens(context).mint(hostToken);
}

/**
 * Does for an app that was started before anybody wanted it what it would do itself: gives the window of `surface`, which is
 * about to be shown, the focus for which `hostToken` was given to a launcher. Not where the policy forbids it, or the
 * compositor has no such thing.
 */
export function activateWindow(client: DisplayClient, surface: GuestSurface, hostToken: string): void {
  if (!permitted(client, "activation", true)) return;
  // After the commit that shows it: a compositor may know nothing of a window without content.
  client.whenAnswered(() => {
    const manager = surface.frame && client.own.bindOptional(xdg_activation_v1, 1);
    if (manager === undefined) return;
    client.sendToHost(manager, xdg_activation_v1, "activate", [hostToken, surface.hostId]);
    client.sendToHost(manager, xdg_activation_v1, "destroy", []);
  });
}

export const activationRelay = defineRelay({
  table: xdg_activation_v1,
  version: 1,
  requests: {
    destroy: forward,
    get_activation_token: forward,
    activate: ({ client, args, forward }) => {
      const [guestToken, surface] = args as [string, number];
      const token = tokens(client.context).hostName(guestToken);
      // The user's act was asked for when the token was made, perhaps by another app, and some time ago.
      if (token !== undefined && permitted(client, "activation", true)) forward([token, surface]);
    },
  },
  events: {},
});

export const activationTokenRelay = defineRelay<TokenState>({
  table: xdg_activation_token_v1,
  version: 1,
  state: () => ({ userActed: false, committed: false }),
  requests: {
    set_serial: ({ client, object, args, forward }) => {
      checkUncommitted(object);
      object.state.userActed = client.serials.isRecentAction(args[0] as number, ACTIVATION_ACTION_MAX_AGE_MS);
      forward();
    },
    set_app_id: ({ client, object, args, forward }) => {
      checkUncommitted(object);
      forward([hostAppId(client.context.sandbox, args[0] as string)]);
    },
    set_surface: ({ object, forward }) => {
      checkUncommitted(object);
      forward();
    },
    commit: ({ client, object, forward }) => {
      const { state } = object;
      checkUncommitted(object);
      state.committed = true;
      if (permitted(client, "activation", state.userActed)) {
        forward();
      } else {
        const token = tokens(client.context).mint(undefined);
        client.sendToGuest(object.guestId, xdg_activation_token_v1, "done", [token]);
      }
    },
    destroy: forward,
  },
  events: {
    done: ({ client, args, forward }) => forward([tokens(client.context).mint(args[0] as string)]),
  },
});
