/** Bounds of the guest half. They protect the guest's apps from each other; the host half does not rely on them. */

/** App connections at a time. */
export const MAX_APP_CONNECTIONS = 128;
/** Bytes of events for an app that does not read, after which it is disconnected. */
export const MAX_PENDING_APP_BYTES = 4 * 1024 * 1024;
/** Arena buffers of one size that a surface may have under way; when all are busy the app waits. */
export const MAX_BUFFERS_PER_SURFACE = 4;
/** Rectangles of one damage region; beyond, their bounding box stands for all. */
export const MAX_DAMAGE_RECTS = 32;
/** Shared-memory pools of one app. */
export const MAX_POOLS = 4096;
