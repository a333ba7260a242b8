/** The guest's console, bounded. */
export interface ConsoleLog {
  /** The last lines, sanitised, oldest first. */
  tail(lines?: number): string[];
}
