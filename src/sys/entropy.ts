/** The kernel's random number generator, as random(4) describes it. */
import { constants } from "node:fs";
import { systemError } from "./errors.ts";
import { errno, libc } from "./libc.ts";
import { openFile } from "./memory.ts";

/** _IOW('R', 0x03, int[2]) and _IO('R', 0x07). */
const RNDADDENTROPY = 0x4008_5203;
const RNDRESEEDCRNG = 0x5207;

/**
 * Gives the kernel random bytes that nobody else knows, and has it draw a new key from them at once: whoever asks for
 * random numbers from now on gets others than the kernel would have given before. For root. Throws VitrineError "denied".
 */
export function addEntropy(bytes: Uint8Array): void {
  using device = openFile("/dev/urandom", constants.O_WRONLY);
  // struct rand_pool_info { int entropy_count (bits); int buf_size (bytes); __u32 buf[]; }
  const request = new Uint8Array(8 + bytes.length);
  const header = new DataView(request.buffer);
  header.setInt32(0, bytes.length * 8, true);
  header.setInt32(4, bytes.length, true);
  request.set(bytes, 8);
  if (libc.ioctl(device.raw, RNDADDENTROPY, request) < 0) throw systemError("adding entropy", errno());
  if (libc.ioctl(device.raw, RNDRESEEDCRNG, null) < 0) throw systemError("reseeding the random numbers", errno());
}
