/** Pseudo-random numbers, the same for the same seed (mulberry32), and the choices made with them. */

/** Numbers at which something tends to go wrong. */
const BOUNDARIES = [
  0, 1, -1, 2, 3, 7, 8, 15, 16, 63, 64, 100, 255, 256, 1023, 4096, 16_384, 16_385, 65_535, 65_536, 65_537, 0x7fff,
  0x8000, 0x7f_ffff, 0x80_0000, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xfeff_ffff,
  0xff00_0000, 0xffff_fffe, 0xffff_ffff,
] as const;

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 on and below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from 0 on and below `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  between(least: number, greatest: number): number {
    return least + this.below(greatest - least + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(choices: readonly [T, ...T[]]): T;
  pick<T>(choices: readonly T[]): T | undefined;
  pick<T>(choices: readonly T[]): T | undefined {
    return choices[this.below(choices.length)];
  }

  /** One of the keys, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let at = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      at -= weight;
      if (at < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }

  /** A word that may be anything, mostly where something tends to go wrong. */
  word(): number {
    return this.chance(0.8) ? this.pick([...BOUNDARIES] as [number, ...number[]]) : this.below(0x1_0000_0000);
  }
}
