/** Mounting, mount(2), for the guest's agent: by the kernel itself, since mount(8) takes longer to start than to mount. */
import { systemError } from "./errors.ts";
import { errno, libc } from "./libc.ts";

/** Flags of mount(2): no set-user-id programs, no devices, reading changes nothing on the disk. */
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOATIME = 1024;
const MS_BIND = 4096;

/** Mounts the file system on `device` at `target`. Waits for it, also while the kernel replays its journal. */
export function mountDevice(device: string, target: string, type: string, flags: number, options: string): void {
  if (libc.mount(device, target, type, flags, options) < 0) throw systemError(`mounting "${device}"`, errno());
}

/** Makes the folder `source` the one at `target`, too. */
export function bindMount(source: string, target: string): void {
  if (libc.mount(source, target, "none", MS_BIND, null) < 0) throw systemError(`mounting "${source}"`, errno());
}

/** Takes away what was mounted last at `target`. */
export function unmount(target: string): void {
  if (libc.umount(target) < 0) throw systemError(`unmounting "${target}"`, errno());
}
