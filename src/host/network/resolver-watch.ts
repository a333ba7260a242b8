/** Tells when the host finds names in another way than before: it has gone to another network. */
import { type FSWatcher, readFileSync, realpathSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

const RESOLVER = "/etc/resolv.conf";

export class ResolverWatch {
  #watcher: FSWatcher | undefined;
  #known = readResolver();

  constructor(onChange: () => void) {
    try {
      // The file is replaced rather than written, so its folder tells.
      const file = realpathSync(RESOLVER);
      this.#watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
        if (name !== basename(file)) return;
        const text = readResolver();
        if (text === "" || text === this.#known) return;
        this.#known = text;
        onChange();
      });
    } catch {
      // There is no such file, so names are found without one.
    }
  }

  close(): void {
    this.#watcher?.close();
  }
}

function readResolver(): string {
  try {
    return readFileSync(RESOLVER, "utf8");
  } catch {
    return "";
  }
}
