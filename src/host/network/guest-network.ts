/** The network of one running guest: its gate, and the stack behind that while there is anything to be reached. */
import { fdStream } from "../../channel/fd-stream.ts";
import type { OwnedFd } from "../../sys/fd.ts";
import { NetworkGate } from "./gate.ts";
import { SystemNetworks } from "./local-networks.ts";
import type { NetworkPolicy } from "./policy.ts";
import { ResolverWatch } from "./resolver-watch.ts";
import { startUserStack, type UserStack } from "./user-stack.ts";

export interface GuestNetworkOptions {
  readonly policy: NetworkPolicy;
  /** See rules.ts. */
  readonly trustNames: boolean;
  /** The stack runs inside walls; false only when the user said so. */
  readonly confined: boolean;
  /** Something a user should know. */
  readonly onNotice: (message: string) => void;
}

export class GuestNetwork {
  readonly #gate: NetworkGate;
  readonly #options: GuestNetworkOptions;
  #policy: NetworkPolicy;
  #stack: UserStack | undefined;
  readonly #resolver: ResolverWatch;

  /** Takes over `frames`, the other end of what the monitor has for the guest's network card. */
  constructor(frames: OwnedFd, options: GuestNetworkOptions) {
    this.#options = options;
    this.#policy = options.policy;
    this.#gate = new NetworkGate(fdStream(frames), {
      policy: options.policy,
      local: new SystemNetworks(),
      trustNames: options.trustNames,
      onBroken: (error) => options.onNotice(`the sandbox has no network any more: ${error.message}`),
    });
    this.#resolver = new ResolverWatch(() => this.#restart());
    this.#follow();
  }

  get policy(): NetworkPolicy {
    return this.#policy;
  }

  /** At once, for connections that there are too. */
  setPolicy(policy: NetworkPolicy): void {
    this.#policy = policy;
    this.#gate.setPolicy(policy);
    this.#follow();
  }

  close(): void {
    this.#resolver.close();
    this.#stop();
    this.#gate.close();
  }

  /** A guest that may reach nothing needs no stack. */
  #follow(): void {
    if (this.#policy.kind === "none") this.#stop();
    else if (this.#stack === undefined) this.#start();
  }

  /** A stack sees the name servers that there were when it began. */
  #restart(): void {
    this.#stop();
    this.#follow();
  }

  #start(): void {
    const stack = startUserStack(this.#options.confined);
    this.#stack = stack;
    this.#gate.attach(stack.frames);
    void stack.ended.then((how) => {
      if (this.#stack !== stack) return;
      this.#stop();
      this.#options.onNotice(`the sandbox has no network until that is set again: its stack has ended, ${how}`);
    });
  }

  #stop(): void {
    const stack = this.#stack;
    this.#stack = undefined;
    this.#gate.detach();
    stack?.close();
  }
}
