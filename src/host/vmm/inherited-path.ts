/** The path by which a process opens a descriptor that it has inherited anew: one that leads nowhere else. */
export const inheritedPath = (fd: number) => `/proc/self/fd/${fd}`;
