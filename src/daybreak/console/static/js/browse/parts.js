// Parts of the detail pages: the way back, attributes, and events.
import { html, useLayoutEffect, useRef, useState } from "../lib.js";
import { formatNumber, formatTime, t } from "../i18n.js";
import { call, get, part, post } from "../api.js";
import { useLoaded } from "../load.js";
import { href } from "../router.js";
import { Card } from "../components/card.js";
import { titleOf } from "../components/combobox.js";
import { Field } from "../components/form.js";
import { Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";

const EVENTS_SHOWN = 50;
const NOT_ATTRIBUTES = ["item_id", "user_id", "request_id"];

export function Back({ table }) {
  return html`<p><a href=${href("browse", {}, table)}>← ${t(`browse.${table}`)}</a></p>`;
}

/** Show attributes as a form; saving changes only those that were edited. */
export function Attributes({ table, id, row, editable, onSaved }) {
  const [edited, setEdited] = useState({});
  const saved = useRef({});
  // What was saved is shown until the stored row has arrived; what was typed since then stays.
  useLayoutEffect(() => {
    const sent = saved.current;
    saved.current = {};
    setEdited((now) => Object.fromEntries(Object.entries(now).filter(([name, text]) => text !== sent[name])));
  }, [row]);
  const names = Object.keys(row).filter((name) => !NOT_ATTRIBUTES.includes(name));
  const save = async (event) => {
    event.preventDefault();
    try {
      const changes = Object.entries(edited).map(([name, text]) => [name, valueOf(text, row[name])]);
      await call("PATCH", `${table}/${part(id)}`, { body: Object.fromEntries(changes) });
      toast(t("browse.saved"));
      saved.current = edited;
      onSaved();
    } catch (error) { toastError(error); }
  };
  return html`<${Card} title=${t("browse.attributes")}>
    ${names.length === 0 && html`<p class="muted">${t("browse.no_attributes")}</p>`}
    <form class="stack" onSubmit=${save}>
      ${names.map((name) => html`<${Field} key=${name} label=${name}>${(a) => String(row[name]).length > 60
        ? html`<textarea ...${a} readonly=${!editable} value=${edited[name] ?? textOf(row[name])} onInput=${(event) => setEdited({ ...edited, [name]: event.target.value })}></textarea>`
        : html`<input ...${a} readonly=${!editable} value=${edited[name] ?? textOf(row[name])} onInput=${(event) => setEdited({ ...edited, [name]: event.target.value })} />`}<//>`)}
      ${editable && names.length > 0 && html`<div class="actions"><button disabled=${Object.keys(edited).length === 0}>${t("common.save")}</button></div>`}
    </form>
  <//>`;
}
const textOf = (value) => Array.isArray(value) ? value.join(", ") : String(value ?? "");
/** Return an edited text in the type that the value had. */
function valueOf(text, before) {
  if (text.trim() === "") return null;
  if (typeof before === "number" && !Number.isNaN(Number(text))) return Number(text);
  if (Array.isArray(before)) return text.split(",").map((one) => one.trim()).filter(Boolean);
  return text;
}

/** Show the events of a user or an item; `filter` is `{user_id}` or `{item_id}`. */
export function Events({ filter, other }) {
  const { data, error, reload } = useLoaded((signal) => get("events", { ...filter, k: EVENTS_SHOWN }, { signal }), [JSON.stringify(filter)]);
  const table = other === "item_id" ? "items" : "users";
  const titles = useTitles(table === "items" ? data?.events ?? [] : []);
  const columns = [
    { key: other, title: t(`browse.${table === "items" ? "item" : "user"}`), cell: (row) => html`<a href=${href("browse", {}, table, row[other] ?? "")}>${titles.get(row[other]) ?? row[other]}</a>` },
    { key: "event_type", title: t("browse.event"), cell: (row) => row.event_type ?? "–" },
    { key: "value", title: t("browse.value"), number: true, cell: (row) => formatNumber(row.value) },
    { key: "timestamp", title: t("browse.time"), cell: (row) => formatTime(row.timestamp) },
  ];
  return html`<${Card} title=${t("browse.history")}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && html`<${Table} columns=${columns} rows=${data.events} rowKey=${(row) => data.events.indexOf(row)} caption=${t("browse.history")} empty=${t("browse.no_events")} />`}
    ${data?.cursor && html`<p class="fine">${t("browse.first_events", { n: EVENTS_SHOWN })}</p>`}
  <//>`;
}

/** Return the titles of the items of events: one request for all of them. */
function useTitles(events) {
  const ids = [...new Set(events.map((one) => one.item_id))];
  const { data } = useLoaded(async (signal) => {
    if (!ids.length) return [];
    const { items } = await post("rank", { items: ids, k: ids.length, exclude_seen: false, fields: ["title"], record: false }, { signal });
    return items.map((one) => [one.item_id, titleOf(one)]);
  }, [ids.join("\n")]);
  return new Map(data ?? []);
}

/** Show a list of items in order with links. */
export function ItemLinks({ items }) {
  if (!items.length) return html`<p class="muted">${t("common.nothing")}</p>`;
  return html`<ol class="links">${items.map((item) => html`<li key=${item.item_id}>
    <a href=${href("browse", {}, "items", item.item_id)}>${titleOf(item)}</a></li>`)}</ol>`;
}

