/**
 * The user's home, on the one disk of the guest that can be written. All else that a guest writes ends with it.
 *
 * The host knows no more of this disk than its size, and whether it has ever been made into a file system.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from "node:fs";
import { join } from "node:path";
import { VitrineError } from "../../base/error.ts";
import { bindMount, MS_NOATIME, MS_NODEV, MS_NOSUID, mountDevice, unmount } from "../../sys/mount.ts";
import { USER_HOME } from "./environment.ts";
import { BUSYBOX } from "./launch-command.ts";
import { runProgram } from "./run-program.ts";

/** Where the disk is mounted as a whole; the folder `home` of it is what apps see. */
const MOUNT_POINT = "/data";
const BLOCK_DEVICES = "/sys/block";
/** What is in a home from the beginning, in the app root. */
const SKELETON = "/etc/skel";
const MOUNT_FLAGS = MS_NOSUID | MS_NODEV | MS_NOATIME;
const MOUNT_OPTIONS = "discard";
const MKFS_OPTIONS = [
  ...["-q", "-F", "-t", "ext4", "-m", "0", "-J", "size=16"],
  // A disk that was never written reads as zeros and takes no room on the host: so it shall stay where it is not used.
  ...["-E", "assume_storage_prezeroed=1,nodiscard,lazy_itable_init=0"],
];

const UNMOUNT_ATTEMPTS = 20;
const UNMOUNT_INTERVAL_MS = 50;

/** e2fsck(8): what it found is mended. */
const FSCK_MENDED = [0, 1, 2, 3];

export class HomeDisk {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  /**
   * Mounts the disk and puts its home into the app root, where apps then see it. `format`: it was never used, so a file system is made first.
   * A disk that has grown is used to its new end. Throws "unavailable" when there is no disk, "corrupt" when it cannot
   * be mended.
   */
  static async open(options: {
    readonly appRoot: string;
    readonly user: { readonly uid: number; readonly gid: number };
    readonly format: boolean;
  }): Promise<HomeDisk> {
    const { appRoot, user, format } = options;
    const name = findWritableDisk(BLOCK_DEVICES);
    if (name === undefined) {
      throw new VitrineError("unavailable", "Cannot open the home: a disk that can be written is wanted");
    }
    const device = `/dev/${name}`;
    if (format) await runProgram("/usr/sbin/mke2fs", [...MKFS_OPTIONS, device]);
    await mountMended(device, name);
    const bytes = Number(readFileSync(`${BLOCK_DEVICES}/${name}/size`, "utf8")) * 512;
    if (!format && ext4Bytes(device) < bytes) await runProgram("/usr/sbin/resize2fs", [device]);
    const stored = join(MOUNT_POINT, "home");
    if (!existsSync(stored)) await makeHome(stored, appRoot, user);
    const home = join(appRoot, USER_HOME);
    bindMount(stored, home);
    return new HomeDisk(home);
  }

  /** Everything is on the disk when this resolves. What used the home must have been told to end. */
  async close(): Promise<void> {
    await runProgram(BUSYBOX, ["sync"]);
    for (const path of [this.#home, MOUNT_POINT]) await unmountWhenFree(path);
  }
}

/** The first disk that is not read-only, by the monitor's word and not by what the disk holds. */
export function findWritableDisk(devices: string): string | undefined {
  return readdirSync(devices)
    .filter((name) => name.startsWith("vd"))
    .sort()
    .find((name) => readFileSync(`${devices}/${name}/ro`, "utf8").trim() === "0");
}

/** Size of the ext4 file system on `device`, in bytes, by its superblock. */
export function ext4Bytes(device: string): number {
  const superblock = Buffer.alloc(1024);
  const fd = openSync(device, "r");
  try {
    readSync(fd, superblock, 0, superblock.length, 1024);
  } finally {
    closeSync(fd);
  }
  // ext4(5), disk layout: s_blocks_count_lo, s_log_block_size, s_blocks_count_hi.
  const blocks = superblock.readUInt32LE(0x150) * 2 ** 32 + superblock.readUInt32LE(0x4);
  return blocks * 1024 * 2 ** superblock.readUInt32LE(0x18);
}

/** Mounts the disk; one that cannot be mounted, or that the kernel has found errors on, is mended first. */
async function mountMended(device: string, name: string): Promise<void> {
  const mount = () => mountDevice(device, MOUNT_POINT, "ext4", MOUNT_FLAGS, MOUNT_OPTIONS);
  try {
    mount();
    if (readFileSync(`/sys/fs/ext4/${name}/errors_count`, "utf8").trim() === "0") return;
    unmount(MOUNT_POINT);
  } catch {
    // What fsck says counts.
  }
  try {
    await runProgram("/usr/sbin/e2fsck", ["-p", device], FSCK_MENDED);
    mount();
  } catch (cause) {
    throw new VitrineError("corrupt", "Cannot open the home: the file system of its disk cannot be mended", { cause });
  }
}

/** A process that was killed a moment ago may not be quite gone. */
async function unmountWhenFree(path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      unmount(path);
      return;
    } catch (cause) {
      if (attempt === UNMOUNT_ATTEMPTS) throw new VitrineError("io", `Cannot unmount "${path}": in use`, { cause });
      await new Promise((resolve) => setTimeout(resolve, UNMOUNT_INTERVAL_MS));
    }
  }
}

async function makeHome(home: string, appRoot: string, user: { uid: number; gid: number }): Promise<void> {
  mkdirSync(home);
  // Copied from inside the app root: its links mean places in there.
  const skeleton = join(appRoot, SKELETON);
  if (existsSync(skeleton)) {
    await runProgram(BUSYBOX, ["cp", "-a", `${skeleton}/.`, home]);
    await runProgram(BUSYBOX, ["chown", "-Rh", `${user.uid}:${user.gid}`, home]);
  }
  chmodSync(home, 0o700);
  chownSync(home, user.uid, user.gid);
}
