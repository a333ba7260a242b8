/** Files of one job stay short. */
import { isGenerated, type Rule } from "./rule.ts";

/** Lines above which a file certainly holds more than one job; 250 is what to aim at. */
const MOST_LINES = 350;

export const lengthRule: Rule = (files) =>
  files
    .filter((file) => /\.(ts|sh)$/.test(file.path) && !isGenerated(file.path))
    .flatMap((file) => {
      const lines = file.text.split("\n").length - 1;
      return lines <= MOST_LINES
        ? []
        : [{ path: file.path, message: `has ${lines} lines: split it by job (at most ${MOST_LINES})` }];
    });
