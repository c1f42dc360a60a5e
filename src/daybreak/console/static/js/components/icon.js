// Line icons, 24 × 24, drawn with the colour of the text.
import { html } from "../lib.js";

const PATHS = {
  sun: "M5 17a7 7 0 0 1 14 0M2.5 20.5h19M12 4v3M4.6 8.6l2 2M19.4 8.6l-2 2",
  today: "M5 17a7 7 0 0 1 14 0M2.5 20.5h19M12 4v3M4.6 8.6l2 2M19.4 8.6l-2 2",
  try: "M12 3l1.9 5.6L19.5 10.5l-5.6 1.9L12 18l-1.9-5.6L4.5 10.500l5.6-1.9zM19 16v4M17 18h4",
  new: "M4 5h16v14H4zM12 9v6M9 12h6",
  browse: "M4 6h16M4 12h16M4 18h10",
  map: "M9 4 3.500 6.500v13L9 17l6 3 5.500-2.500v-13L15 7zM9 4v13M15 7v13",
  quality: "M4 19V5M4 19h16M7 15c3-7 6-8 12-9",
  data: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3zM4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
  releases: "M12 3 3.500 7.500 12 12l8.500-4.500zM3.500 12 12 16.500 20.500 12M3.500 16.500 12 21l8.500-4.500",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  like: "M7 11v9H4v-9zM7 11l4-8c1.500 0 2.500 1 2.500 2.500V9H19c1.200 0 2 1 1.800 2.200l-1.200 7c-.2 1-1 1.800-2 1.800H7",
  dislike: "M17 13V4h3v9zM17 13l-4 8c-1.500 0-2.500-1-2.500-2.500V15H5c-1.200 0-2-1-1.800-2.200l1.200-7C4.600 4.800 5.400 4 6.400 4H17",
  hide: "M3 3l18 18M10 6c.7-.1 1.300-.2 2-.2 5 0 8 4 9 6.200-.4.900-1.200 2.200-2.400 3.400M6 8c-1.600 1.200-2.600 2.900-3 4 1 2.200 4 6.200 9 6.200 1.400 0 2.700-.3 3.800-.8",
  buy: "M5 8h14l-1 12H6zM9 8V6.500a3 3 0 0 1 6 0V8",
  copy: "M8 8h11v12H8zM5 16V4h11",
  check: "M5 12.500 10 17.500 19.500 7",
  question: "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.500v.5",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20.500 20.500",
  alert: "M12 4 2.500 20h19zM12 10v4.500M12 17v.5",
  plus: "M12 5v14M5 12h14",
  down: "M6 9l6 6 6-6",
};

/** Show an icon; it is decoration, so that screen readers leave it out. */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${PATHS[name] ?? PATHS.question} /></svg>`;
}
