// Texts in two languages: one JSON file for each language and page, in `texts/LANGUAGE/PAGE.json`.
import { Shared, useShared } from "./store.js";

export const LANGUAGES = { en: "English", zh: "中文" };
const loaded = new Map(); // "en/common" → texts
export const language = new Shared(firstLanguage());

function firstLanguage() {
  let chosen = null;
  try { chosen = localStorage.getItem("daybreak.language"); } catch { /* storage is switched off */ }
  if (chosen in LANGUAGES) return chosen;
  return navigator.languages?.find((name) => /^(en|zh)\b/.test(name))?.slice(0, 2) ?? "en";
}

/** Load the texts of pages in the current language, also if it changes meanwhile. */
export async function loadTexts(pages) {
  let name;
  do {
    name = language.value;
    await loadTextsIn(name, pages);
  } while (name !== language.value);
}

async function loadTextsIn(name, pages) {
  await Promise.all(pages.map(async (page) => {
    const key = `${name}/${page}`;
    if (loaded.has(key)) return;
    const response = await fetch(new URL(`../texts/${key}.json`, import.meta.url));
    if (!response.ok) throw new Error(`${key}.json: ${response.status}`);
    loaded.set(key, await response.json());
  }));
}

let wanted = null;
/** Change the language; texts of all pages that were opened, also meanwhile, are loaded first. */
export async function setLanguage(name) {
  wanted = name;
  const missing = () => [...new Set([...loaded.keys()].map((key) => key.split("/")[1]))].filter((page) => !loaded.has(`${name}/${page}`));
  while (missing().length) await loadTextsIn(name, missing());
  if (wanted !== name) return; // another language has been chosen while the texts came
  try { localStorage.setItem("daybreak.language", name); } catch { /* it holds for this visit */ }
  document.documentElement.lang = name === "zh" ? "zh-Hans" : name;
  language.set(name);
}

/** Return the function `t(KEY, {n: 3})`; the component is redrawn in another language. */
export function useTexts() {
  useShared(language);
  return t;
}

/** Return a text; `{name}` is replaced by a value, and `{"one": …, "other": …}` chosen by `n`. */
export function t(key, values = {}) {
  const [page, ...rest] = key.split(".");
  let text = loaded.get(`${language.value}/${page}`)?.[rest.join(".")];
  if (text === undefined) { console.error(`no text ${key}`); return key; }
  if (typeof text === "object") {
    text = text[new Intl.PluralRules(language.value).select(values.n)] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return value === undefined ? whole : typeof value === "number" ? formatNumber(value) : String(value);
  });
}

/** Return the language of a message of the server: of the page, or English where it is not translated. */
export const languageOf = (message) => language.value !== "en" && /[\u4e00-\u9fff]/.test(message) ? document.documentElement.lang : "en";

/** Say whether there is a text. */
export function hasText(key) {
  const [page, ...rest] = key.split(".");
  return loaded.get(`${language.value}/${page}`)?.[rest.join(".")] !== undefined;
}

/** Return a number as people write it; at most `digits` decimals. */
export function formatNumber(value, digits = 2) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
}
/** Return a number with exactly `digits` decimals, so that a column of them is aligned. */
export function formatFixed(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return new Intl.NumberFormat(language.value, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}
export function formatPercent(value, digits = 1) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits }).format(value);
}
/** Return a time, given in epoch seconds. */
export function formatTime(seconds, options = { dateStyle: "medium", timeStyle: "short" }) {
  if (!seconds) return "–";
  return new Intl.DateTimeFormat(language.value, options).format(new Date(seconds * 1000));
}
const STEPS = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
/** Return an age such as "3 days ago". */
export function formatAge(seconds) {
  const relative = new Intl.RelativeTimeFormat(language.value, { numeric: "auto" });
  for (const [unit, length] of STEPS) {
    if (seconds >= length) return relative.format(-Math.round(seconds / length), unit);
  }
  return relative.format(-Math.round(seconds), "second");
}
