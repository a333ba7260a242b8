/** Memory that this process can have again from files: its program's code and constants, by proc_pid_smaps(5). */
import { readFileSync } from "node:fs";
import { libc } from "./libc.ts";

const MADV_DONTNEED = 4;
/** How long a process must have nothing new to do before it lets go of what files back, in milliseconds. */
const QUIET_MS = 3000;
/** Address range, permissions, offset, device and inode: the first line that smaps has of a mapping. */
const HEADER = /^([0-9a-f]+)-([0-9a-f]+) r-.p [0-9a-f]+ [0-9a-f:]+ [1-9]\d*\b/;
const UNCHANGED = /^Anonymous: +0 kB$[\s\S]*^Swap: +0 kB$/m;

/**
 * Lets go of what files back: mappings that cannot be written and hold no page of their own. Those pages stay in the page
 * cache while the host has room, and come back when they are touched; of a program that has started, most never are.
 * Nothing is lost if a mapping cannot be let go.
 */
export function releaseFilePages(): void {
  for (const mapping of readFileSync("/proc/self/smaps", "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const [, start = "", end = ""] = HEADER.exec(mapping) ?? [];
    if (start === "" || !UNCHANGED.test(mapping)) continue;
    const from = BigInt(`0x${start}`);
    libc.madvise(from, Number(BigInt(`0x${end}`) - from), MADV_DONTNEED);
  }
}

/** To be called whenever the process has something new to do: {@link releaseFilePages} follows when it has settled. */
export function filePagesReleaser(): { busy(): void; close(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const close = () => clearTimeout(timer);
  const busy = () => {
    close();
    timer = setTimeout(releaseFilePages, QUIET_MS);
  };
  return { busy, close };
}
