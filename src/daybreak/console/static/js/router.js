// Pages by the hash of the address: `#/try?user=ann`. Hashes work behind every proxy.
import { Shared, useShared } from "./store.js";

/** Pages in the order of the menu: name → function that loads the module of the page. */
export const PAGES = {
  today: () => import("./pages/today.js"),
  try: () => import("./pages/try.js"),
  new: () => import("./pages/new.js"),
  browse: () => import("./pages/browse.js"),
  map: () => import("./pages/map.js"),
  quality: () => import("./pages/quality.js"),
  data: () => import("./pages/data.js"),
  releases: () => import("./pages/releases.js"),
  settings: () => import("./pages/settings.js"),
};

const read = () => {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/").map(decode);
  return { page: page in PAGES ? page : "today", rest, query: new URLSearchParams(search) };
};
function decode(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

const route = new Shared(read());
addEventListener("hashchange", () => route.set(read()));

/** Return the current page, the further parts of its path, and its parameters. */
export const useRoute = () => useShared(route);
/** Return the address of a page. */
export function href(page, query = {}, ...rest) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== "")).toString();
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}
export const go = (...args) => { location.hash = href(...args); };
