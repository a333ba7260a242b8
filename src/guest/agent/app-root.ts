/**
 * The root of the apps' system, as the agent holds it: by descriptors, since nothing in the agent's own tree is that root.
 *
 * Apps run in a mount namespace whose root it is. Were it a chroot, the kernel would refuse user namespaces to programs, which
 * browsers want for sandboxes of their own (user_namespaces(7)).
 */
import { constants } from "node:fs";
import type { OwnedFd } from "../../sys/fd.ts";
import { openFile } from "../../sys/memory.ts";

export class AppRoot {
  readonly #namespace: OwnedFd;
  readonly #root: OwnedFd;

  private constructor(namespace: OwnedFd, root: OwnedFd) {
    this.#namespace = namespace;
    this.#root = root;
  }

  /** Takes hold of the namespace of process `pid`, whose working directory is its root. The process is then not needed. */
  static of(pid: number): AppRoot {
    const namespace = openFile(`/proc/${pid}/ns/mnt`, constants.O_RDONLY);
    return new AppRoot(namespace, openFile(`/proc/${pid}/cwd`, constants.O_RDONLY | constants.O_DIRECTORY));
  }

  /** A file that is the namespace; good for processes of root while the agent runs. */
  get namespaceFile(): string {
    return `/proc/${process.pid}/fd/${this.#namespace.raw}`;
  }

  /** Where `path`, absolute and without links, is for processes of root outside of the namespace, while the agent runs. */
  pathOf(path: string): string {
    return `/proc/${process.pid}/fd/${this.#root.raw}${path}`;
  }
}
