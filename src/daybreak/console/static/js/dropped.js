// Files that were dropped on another page and are imported on the page "Data".
import { Shared } from "./store.js";

/** Files that wait; the page "Data" takes them when it opens. */
export const dropped = new Shared([]);
