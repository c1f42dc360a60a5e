// The map of the catalogue as arrays, and the colours of its points.
import { get } from "../api.js";
import { tintOf } from "../components/scatter.js";

export const PALETTE = ["accent", "tone-2", "tone-3", "tone-4", "tone-5", "good", "bad", "warn"];

/** Load the map, or only what is new after a map that the page has. */
export async function loadMap(known, signal) {
  const page = await get("map", { after: known?.total ?? 0 }, { signal });
  if (!known) return { ...page, fresh: new Set() };
  if (page.version !== known.version) return loadMap(null, signal);
  if (!page.ids.length) return known;
  const names = [...known.categories];
  const codes = page.category.map((code) => {
    if (code < 0) return -1;
    const name = page.categories[code];
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  });
  const joined = { ...page, category: [...known.category, ...codes], categories: names };
  for (const name of ["ids", "x", "y", "users", "temperature"]) joined[name] = [...known[name], ...page[name]];
  return { ...joined, fresh: new Set([...known.fresh, ...page.ids]) };
}

const rowsOf = new WeakMap();
/** Return the row of each item of a map. */
function rowById(map) {
  if (!rowsOf.has(map)) rowsOf.set(map, new Map(map.ids.map((id, row) => [id, row])));
  return rowsOf.get(map);
}

/** Return x and y of all points, one after the other. */
export function placesOf(map) {
  const places = new Float32Array(2 * map.ids.length);
  for (let row = 0; row < map.ids.length; row += 1) {
    places[2 * row] = map.x[row];
    places[2 * row + 1] = map.y[row];
  }
  return places;
}

const mix = (a, b, share) => a.map((part, channel) => part + (b[channel] - part) * share);

/**
 * Return the colours and sizes of all points.
 * @param {"category" | "users" | "temperature" | "score"} by
 * @param {Map<string, number>} scores scores of a person by item, from 0 to 1
 * @param {Set<string>} chosen items that are marked
 */
export function looksOf(map, by, scores, chosen) {
  const n = map.ids.length;
  const tints = new Float32Array(3 * n), sizes = new Float32Array(n);
  const palette = PALETTE.map(tintOf), quiet = mix(tintOf("edge"), tintOf("card"), 0.35), accent = tintOf("accent"), cold = tintOf("tone-2"), ink = tintOf("ink");
  const [least, most] = map.users.reduce(([low, high], users) => [Math.min(low, users), Math.max(high, users)], [Infinity, 1]).map(Math.log1p);
  const size = n > 100_000 ? 2.5 : n > 10_000 ? 4 : 6;
  const ramp = Array.from({ length: 65 }, (_, step) => mix(quiet, accent, step / 64));
  const paint = (row, tint, wide) => { tints[3 * row] = tint[0]; tints[3 * row + 1] = tint[1]; tints[3 * row + 2] = tint[2]; sizes[row] = wide; };
  const looks = {
    category: (row) => paint(row, palette[map.category[row]] ?? quiet, size),
    users: (row) => {
      const share = (Math.log1p(map.users[row]) - least) / Math.max(most - least, 1e-9);
      paint(row, ramp[Math.round(share * 64)], size * (0.7 + share));
    },
    temperature: (row) => paint(row, [quiet, cold, accent][map.temperature[row]], size),
    score: (row) => paint(row, quiet, size * 0.7),
  };
  const look = looks[by];
  for (let row = 0; row < n; row += 1) look(row);
  if (by === "score") {
    for (const [id, share] of scores) { const row = rowById(map).get(id); if (row !== undefined) paint(row, ramp[Math.round(share * 64)], size * (1 + share)); }
  }
  for (const id of map.fresh) { const row = rowById(map).get(id); if (row !== undefined) sizes[row] = size * 2; }
  for (const id of chosen) { const row = rowById(map).get(id); if (row !== undefined) paint(row, ink, size * 1.8); }
  return { tints, sizes };
}
