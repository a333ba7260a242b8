/** Full-window frames as fast as they come, and what one costs. */
import { cpuMs } from "./processes.ts";
import type { Way } from "./ways/way.ts";

export interface FramesResult {
  readonly framesPerSecond: number;
  /** Milliseconds of processor time a frame: of the monitor with the guest in it, and of what joins it to the compositor. */
  readonly monitorMs: number;
  readonly bridgeMs: number;
  readonly compositorMs: number;
  /** Bytes that the guest sends for a frame; undefined without a guest. */
  readonly channelBytes: number | undefined;
}

export async function measureFrames(
  way: Way,
  compositorPids: readonly number[],
  size: readonly [number, number],
  seconds: number,
): Promise<FramesResult> {
  const app = await way.runClient(["frames", ...size.map(String), String(seconds)]);
  await app.lines.find("begin");
  const { monitor, bridge } = await way.hostProcesses();
  const groups = [monitor, bridge, compositorPids];
  const before = groups.map(cpuMs);
  const words = await app.lines.find("end", 120_000 + seconds * 1000);
  const used = groups.map(cpuMs).map((after, index) => after - (before[index] ?? 0));
  const [frames = 0, milliseconds = 0, all = 0] = words.slice(1).map(Number);
  const bytes = await way.channelBytes();
  await app.close();
  const [monitorMs = 0, bridgeMs = 0, compositorMs = 0] = used.map((each) => each / Math.max(frames, 1));
  return {
    framesPerSecond: (frames * 1000) / milliseconds,
    monitorMs,
    bridgeMs,
    compositorMs,
    channelBytes: bytes === undefined ? undefined : bytes / Math.max(all, 1),
  };
}
