// The page's script. The server has rendered every number already: this keeps them up to date, and recomputes a score.
import { follow } from "./live.js";
import { recompute } from "./recompute.js";
const box = document.getElementById("recompute");
if (box)
    recompute(box);
follow();
