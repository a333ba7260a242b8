/** Selections on their way between X programs and the display at a time; further ones come to nothing. */
export const MAX_X_TRANSFERS = 32;
/** How long a transfer may stand still until it is given up, in milliseconds. */
export const X_TRANSFER_STALL_MS = 60_000;
