/**
 * The attacks whose outcome we decide ourselves on the stand-in, which is our own; floods too, since it must bound what it
 * answers. Names are looked at on a screen, and it has none.
 */
import { attackOn } from "./suite.ts";

attackOn("stand-in", ({ judge }, topic) => judge === "vitrine" && topic !== "text");
