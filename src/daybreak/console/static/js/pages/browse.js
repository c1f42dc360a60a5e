// Items and users: search as you type, then one row with all that is known about it.
import { html, useRef, useState } from "../lib.js";
import { formatNumber, t, useTexts } from "../i18n.js";
import { get } from "../api.js";
import { useLoaded, useSettled } from "../load.js";
import { go, href } from "../router.js";
import { Card, PageHead } from "../components/card.js";
import { titleOf } from "../components/combobox.js";
import { Field, Segments } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { ItemDetail } from "../browse/item.js";
import { UserDetail } from "../browse/user.js";

const ROWS_PER_PAGE = 50;
const KEYS = { items: "item_id", users: "user_id" };

export default function Browse({ route }) {
  useTexts();
  const [table, id] = route.rest;
  if (table === "items" && id) return html`<${ItemDetail} key=${id} id=${id} />`;
  if (table === "users" && id) return html`<${UserDetail} key=${id} id=${id} />`;
  return html`<${Search} table=${table === "users" ? "users" : "items"} />`;
}

function Search({ table }) {
  const [text, setText] = useState("");
  const settled = useSettled(text.trim(), 150);
  const first = useLoaded((signal) => search(table, settled, { signal }), [table, settled]);
  return html`<div class="page-browse stack">
    <${PageHead} title=${t("common.page.browse")} lead=${t("browse.lead")}>
      <${Segments} label=${t("browse.table")} value=${table} onChange=${(one) => go("browse", {}, one)} options=${[["items", t("browse.items")], ["users", t("browse.users")]]} />
    <//>
    <${Field} label=${t(`browse.search.${table}`)} hideLabel>${(a) => html`
      <input ...${a} type="search" value=${text} placeholder=${t(`browse.search.${table}`)} autocomplete="off" spellcheck="false" onInput=${(event) => setText(event.target.value)} />`}<//>
    ${first.error && html`<${Problem} error=${first.error} retry=${first.reload} />`}
    ${!first.data && !first.error && html`<${Notice} busy>${t("common.loading")}<//>`}
    ${first.data?.[table] && html`<${Found} key=${table} table=${table} search=${first.data.search} first=${first.data} busy=${first.loading} />`}
  </div>`;
}

/** Return the first rows that have all words of a text, and the text. */
async function search(table, text, options) {
  return { ...await get(table, { search: text, k: ROWS_PER_PAGE }, options), search: text };
}

/** Show the rows that were found; further ones are loaded on wish. */
function Found({ table, search, first, busy }) {
  const [loaded, setMore] = useState(null);
  const more = loaded?.first === first ? loaded : { first, rows: [], cursor: first.cursor, error: null };
  const latest = useRef(null);
  latest.current = { first, cursor: more.cursor };
  const key = KEYS[table];
  const rows = [...first[table], ...more.rows];
  const load = async () => {
    // Another search, or a second click, makes an answer worthless.
    const add = (fields) => { if (latest.current.first === first && latest.current.cursor === more.cursor) setMore({ ...more, error: null, ...fields }); };
    try {
      const next = await get(table, { search, k: ROWS_PER_PAGE, cursor: more.cursor });
      add({ rows: [...more.rows, ...next[table]], cursor: next.cursor });
    } catch (error) { add({ error }); }
  };
  const others = namesOf(rows, [key, "title", "name", "description", "text"]);
  const columns = [
    { key, title: t(`browse.${table === "items" ? "item" : "user"}`), cell: (row) => html`<a href=${href("browse", {}, table, row[key])}>${titleOf(row)}</a>${titleOf(row) !== row[key] && html`<br /><span class="fine">${row[key]}</span>`}` },
    ...others.map((name) => ({ key: name, title: name, number: typeof rows[0][name] === "number", cell: (row) => html`<span class="cell">${shown(row[name])}</span>` })),
  ];
  return html`<${Card} class=${busy ? "busy" : undefined}>
    <${Table} columns=${columns} rows=${rows} rowKey=${(row) => row[key]} caption=${t(`browse.${table}`)} empty=${search ? t("browse.none", { text: search }) : undefined} />
    ${more.error && html`<${Problem} error=${more.error} />`}
    ${more.cursor && html`<div class="actions"><button onClick=${load}>${t("browse.more")}</button></div>`}
  <//>`;
}

const COLUMNS_SHOWN = 5;
/** Return the names of further columns, the most frequent first. */
function namesOf(rows, without) {
  const counts = new Map();
  for (const row of rows) for (const name of Object.keys(row)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([name]) => !without.includes(name)).sort((a, b) => b[1] - a[1]).slice(0, COLUMNS_SHOWN).map(([name]) => name);
}
function shown(value) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "number") return formatNumber(value);
  return Array.isArray(value) ? value.join(", ") : String(value);
}
