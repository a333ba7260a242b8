/**
 * The attacks whose outcome we decide ourselves, on compositors of other makes: it must be the same. Floods are stopped
 * before any compositor hears of them, and left out.
 */
import type { Attack } from "./attack.ts";
import { attackOn } from "./suite.ts";

const ours = ({ judge }: Attack, topic: string) => judge === "vitrine" && topic !== "floods";

attackOn("mutter", ours);
attackOn("weston", ours);
