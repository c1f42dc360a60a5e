// Settings of the list: sliders and a filter with completion.
import { html, useCallback, useMemo } from "../lib.js";
import { t } from "../i18n.js";
import { get } from "../api.js";
import { useLoaded } from "../load.js";
import { Field, Slider, Toggle } from "../components/form.js";
import { Combobox } from "../components/combobox.js";
import { Source } from "./source.js";

const SAMPLED_ITEMS = 200;
const OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "ilike '%…%'", "in ('…')"];

/** Show the settings of one list; `error` is what the server says about the filter. */
export function ListSettings({ settings, onChange, error }) {
  const set = (name) => (value) => onChange({ ...settings, [name]: value });
  return html`<div class="settings">
    <${Slider} label=${t("try.popularity")} low=${t("try.popularity.low")} high=${t("try.popularity.high")} unset=${t("try.as_trained")} value=${settings.popularity} onChange=${set("popularity")} />
    <${Slider} label=${t("try.diversity")} low=${t("try.diversity.low")} high=${t("try.diversity.high")} value=${settings.diversity} onChange=${set("diversity")} />
    <${Slider} label=${t("try.novelty")} low=${t("try.novelty.low")} high=${t("try.novelty.high")} value=${settings.novelty} onChange=${set("novelty")} />
    <${Source} settings=${settings} onChange=${onChange} />
    <${Filter} value=${settings.where} onChange=${set("where")} error=${error} />
    <div class="row"><${Toggle} label=${t("try.explore")} value=${settings.explore} onChange=${set("explore")} /></div>
  </div>`;
}

/** Show a filter with completion of columns and values. */
export function Filter({ label, value, onChange, error }) {
  const { data } = useLoaded((signal) => get("items", { k: SAMPLED_ITEMS }, { signal }), []);
  const columns = useMemo(() => columnsOf(data?.items ?? []), [data]);
  const options = useCallback(async (text) => complete(text, columns), [columns]);
  return html`<${Field} label=${label ?? t("try.filter")} error=${error} hint=${t("try.filter.hint", { example: exampleOf(columns) })}>
    ${(a) => html`<${Combobox} attributes=${a} whenEmpty value=${value} onInput=${onChange} options=${options} onPick=${(option) => onChange(option.id)} />`}
  <//>`;
}

/** Return the columns of items with some of their values. */
function columnsOf(rows) {
  const found = new Map();
  for (const { item_id: _, ...properties } of rows) {
    for (const [name, value] of Object.entries(properties)) {
      if (!found.has(name)) found.set(name, new Map());
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== null && typeof one !== "object" && String(one).length < 60) {
          found.get(name).set(one, (found.get(name).get(one) ?? 0) + 1);
        }
      }
    }
  }
  return found;
}

const literal = (value) => typeof value === "number" || typeof value === "boolean" ? String(value) : `'${String(value).replaceAll("'", "''")}'`;

function exampleOf(columns) {
  for (const [name, values] of columns) {
    const [first] = values.keys();
    if (typeof first === "number") return `${name} < ${first}`;
  }
  for (const [name, values] of columns) if (values.size) return `${name} = ${literal(values.keys().next().value)}`;
  return "price < 20";
}

/** Return completions of a filter: columns, operators or values, as whole new filters. */
export function complete(text, columns) {
  const comparison = text.match(/([\w.]+)\s*(=|!=|<=|>=|<|>)\s*'?([^']*)$/);
  if (comparison && columns.has(comparison[1])) {
    const [whole, name, operator, typed] = comparison;
    const head = text.slice(0, text.length - whole.length);
    return [...columns.get(name)].sort((a, b) => b[1] - a[1]).map(([value]) => value)
      .filter((value) => String(value).toLowerCase().startsWith(typed.toLowerCase()) && String(value) !== typed)
      .slice(0, 8).map((value) => ({ id: `${head}${name} ${operator} ${literal(value)}`, label: literal(value), detail: name }));
  }
  const column = text.match(/([\w.]+)\s+$/);
  if (column && columns.has(column[1])) return OPERATORS.map((operator) => ({ id: text + operator, label: operator }));
  const [typed] = text.match(/[\w.]*$/);
  if (/[\w.]$/.test(text) && columns.has(typed)) return [];
  const ended = /('|\d)\s*$/.test(text) && !typed.match(/^[a-z]/i);
  if (ended) return ["and", "or"].map((word) => ({ id: `${text.trimEnd()} ${word} `, label: word }));
  return [...columns.keys()].filter((name) => name.startsWith(typed))
    .slice(0, 10).map((name) => ({ id: `${text.slice(0, text.length - typed.length)}${name} `, label: name }));
}
