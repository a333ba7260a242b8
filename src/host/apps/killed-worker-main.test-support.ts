/** A process that is killed while it has a folder of work. */
import { makeWorkFolder } from "../image/work-folder.ts";

makeWorkFolder();
process.kill(process.pid, "SIGKILL");
