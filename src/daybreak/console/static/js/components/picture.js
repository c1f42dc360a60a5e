// A picture of an item: its own if the page may show it, else one drawn from its words.
import { html } from "../lib.js";

const FILLERS = new Set("a an and at by for from in is it of on or set the to with 的 和 与 在".split(" "));

/** Return a whole number that depends on a text only (FNV-1a, 32 bits). */
export function hash(text) {
  let value = 0x811c9dc5;
  for (const unit of new TextEncoder().encode(text)) value = Math.imul(value ^ unit, 0x01000193) >>> 0;
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
  return (value ^ (value >>> 13)) >>> 0;
}

/** Return the words of an item with their weights: categories count most, then the last words of the title. */
export function wordsOf(item) {
  const properties = item.properties ?? item;
  const found = new Map();
  const add = (text, weight) => found.set(text, (found.get(text) ?? 0) + weight);
  const categories = properties.categories ?? properties.category ?? [];
  for (const one of Array.isArray(categories) ? categories : [categories]) add(String(one).toLowerCase(), 3);
  const title = String(properties.title ?? properties.name ?? item.item_id ?? "").toLowerCase();
  const words = title.match(/\p{Script=Han}|[\p{L}]{3,}/gu) ?? [title];
  words.forEach((word, index) => {
    if (!FILLERS.has(word)) add(word.replace(/s$/, ""), 0.6 + (index + 1) / words.length);
  });
  return found;
}

/**
 * Return a hue in degrees: the direction of the sum of one direction for each word, so that items
 * with common words have similar colours.
 */
export function hueOf(words) {
  let x = 0, y = 0;
  for (const [word, weight] of words) {
    const angle = (hash(word) % 360) * Math.PI / 180;
    x += weight * Math.cos(angle);
    y += weight * Math.sin(angle);
  }
  return (Math.atan2(y, x) * 180 / Math.PI + 360) % 360;
}

/** Return the address of the item's own picture if it is local: foreign ones are not loaded. */
function ownPicture(properties) {
  const address = properties.image ?? properties.image_url ?? properties.picture;
  if (typeof address !== "string") return null;
  return /^data:image\/(png|jpeg|webp|gif);base64,/.test(address) || /^\/(?!\/)/.test(address) ? address : null;
}

/** Show the picture of an item. */
export function Picture({ item }) {
  const own = ownPicture(item.properties ?? item);
  if (own) return html`<img class="picture" src=${own} alt="" loading="lazy" />`;
  const words = wordsOf(item);
  const hue = hueOf(words);
  const strongest = [...words].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
  const seed = hash(strongest);
  const second = (hue + 16 + (seed % 24)) % 360;
  const at = 24 + (seed % 48), height = 26 + ((seed >>> 6) % 20), tilt = ((seed >>> 12) % 24) - 12;
  const fill = (h, light, chroma = 0.09) => `oklch(${light} ${chroma} ${h})`;
  return html`<svg class="picture" viewBox="0 0 96 72" preserveAspectRatio="xMidYMid slice" aria-hidden="true" focusable="false">
    <rect width="96" height="72" fill=${fill(hue, 0.9, 0.05)} />
    <circle cx=${at} cy=${height} r="13" fill=${fill(second, 0.97, 0.05)} />
    <path d=${`M0 ${46 + tilt / 3} Q 28 ${34 - tilt / 2} 54 ${46 + tilt / 4} T 96 ${42 - tilt / 3} V72 H0z`} fill=${fill(hue, 0.76)} />
    <path d=${`M0 ${60 - tilt / 4} Q 30 ${48 + tilt / 3} 58 ${58 - tilt / 5} T 96 ${54 + tilt / 4} V72 H0z`} fill=${fill(second, 0.64, 0.085)} />
  </svg>`;
}
