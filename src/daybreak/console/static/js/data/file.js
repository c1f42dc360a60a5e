// One file: what it is read as, corrections, and the import.
import { html, useState } from "../lib.js";
import { formatNumber, formatTime, languageOf, t } from "../i18n.js";
import { call } from "../api.js";
import { href } from "../router.js";
import { saveFile } from "../save.js";
import { useLoaded } from "../load.js";
import { Card, Figure, Tag } from "../components/card.js";
import { Field, Segments } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast } from "../components/toast.js";
import { EventTypes } from "./signs.js";

const TABLES = ["events", "items", "users"];
/** Columns that can be corrected, by table. */
const TARGETS = {
  events: ["user_id", "item_id", "event_type", "value", "timestamp"],
  items: ["item_id", "title", "description", "category", "price"],
  users: ["user_id"],
};
const REJECT_COLUMNS = ["file", "row", "column", "value", "reason"];

export function ImportFile({ file, onClose, onDone }) {
  const [table, setTable] = useState("");
  const [columns, setColumns] = useState({});
  const [result, setResult] = useState({});
  const query = { table, name: file.name.slice(-100), column: Object.entries(columns).map(([ours, theirs]) => `${ours}=${theirs}`) };
  const { data, error, loading, reload } = useLoaded(
    (signal) => call("POST", "import/preview", { query, file, signal }), [table, JSON.stringify(columns)]);
  const send = async (maxRejected) => {
    setResult({ busy: true });
    try {
      const { name: _, ...rest } = query;
      const done = await call("POST", "import", { query: { ...rest, table: data.table, max_rejected: maxRejected }, file });
      setResult({ done });
      toast(t("data.imported", { n: done.new, file: file.name }));
      onDone();
    } catch (failure) { setResult({ failure }); }
  };
  const choose = (value) => { setTable(value); setColumns({}); };
  return html`<${Card} title=${file.name} class="file" aside=${html`<button class="quiet" onClick=${onClose}>${t(result.done ? "common.close" : "data.leave_out")}<span class="hidden"> ${file.name}</span></button>`}>
    ${loading && !data && html`<${Notice} busy>${t("data.reading")}<//>`}
    ${error && html`<${Problem} error=${error} retry=${reload} /><${Choice} table=${table} onTable=${choose} />`}
    ${data && !result.done && html`<${Preview} preview=${data} table=${table} file=${file} columns=${columns} onColumns=${setColumns} onTable=${choose} />
      ${result.failure && html`<${Problem} error=${result.failure} />`}
      <div class="actions">
        <button class="primary" disabled=${result.busy || loading || data.read === 0} onClick=${() => send(undefined)}>${t("data.import", { n: data.read })}</button>
        ${result.failure?.code === "too_many_rejects" && html`<button onClick=${() => send(1)}>${t("data.import.anyway")}</button>`}
        ${result.busy && html`<span class="muted" role="status">${t("data.importing")}</span>`}
      </div>`}
    ${result.done && html`<${Done} done=${result.done} file=${file} />`}
  <//>`;
}

function Choice({ table, onTable }) {
  return html`<${Segments} label=${t("data.table")} value=${table} onChange=${onTable} options=${TABLES.map((one) => [one, t(`data.table.${one}`)])} />`;
}

/** Show what a file is read as; `table` is the chosen one, which a preview may not have yet. */
function Preview({ preview, table, file, columns, onColumns, onTable }) {
  return html`<div class="stack">
    <div class="row"><span class="muted">${t("data.read_as")}</span><${Choice} table=${table || preview.table} onTable=${onTable} />
      ${preview.convention !== "plain" && html`<span class="fine">${t("data.convention", { name: preview.convention })}</span>`}</div>
    ${preview.problem && html`<${Notice} icon="alert" title=${t("data.problem")}><p lang=${languageOf(preview.problem)}>${preview.problem}</p><//>`}
    <dl class="figures">
      <${Figure} label=${t("data.valid")} value=${formatNumber(preview.read)} />
      <${Figure} label=${t("data.rejected")} value=${formatNumber(preview.rejected)} />
    </dl>
    <h3>${t("data.columns")}</h3>
    <${Columns} preview=${preview} columns=${columns} onColumns=${onColumns} />
    ${preview.rows.length > 0 && html`<h3>${t("data.first_rows")}</h3><${Rows} rows=${preview.rows} />`}
    ${preview.event_types.length > 0 && html`<h3>${t("data.types")}</h3><${EventTypes} types=${preview.event_types} />`}
    ${preview.rejects.length > 0 && html`<${Rejects} rejects=${preview.rejects} file=${file} />`}
    ${preview.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
  </div>`;
}

/** Show which column of the file is which column of the table; each can be chosen anew. */
function Columns({ preview, columns, onColumns }) {
  const sources = preview.columns.map((one) => one.source);
  const sourceOf = (target) => columns[target] ?? preview.columns.find((one) => one.target === target)?.source ?? "";
  const known = TARGETS[preview.table];
  const others = preview.columns.filter((one) => one.target && !known.includes(one.target));
  const unused = preview.columns.filter((one) => !one.target);
  return html`<div class="mapping">
      ${known.map((target) => html`<${Field} key=${target} label=${t(`data.column.${target}`)}>${(a) => html`
        <select ...${a} value=${sourceOf(target)} onChange=${(event) => onColumns({ ...columns, [target]: event.target.value })}>
          <option value="">${t("data.no_column")}</option>
          ${sources.map((source) => html`<option key=${source} value=${source}>${source}</option>`)}
        </select>`}<//>`)}
    </div>
    ${others.length > 0 && html`<p class="fine wrap">${t("data.attributes")} ${others.map((one) => one.source).join(", ")}</p>`}
    ${unused.length > 0 && html`<p class="fine wrap">${t("data.unused")} ${unused.map((one) => one.source).join(", ")}</p>`}`;
}

function Rows({ rows }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (name) => (row) => name === "timestamp" || name.endsWith("_at") ? shownTime(row[name]) : html`<span class="cell">${String(row[name] ?? "–")}</span>`;
  const columns = names.map((name) => ({ key: name, title: html`<code>${name}</code>`, number: typeof rows[0][name] === "number", cell: cell(name) }));
  return html`<${Table} columns=${columns} rows=${rows} rowKey=${(row) => rows.indexOf(row)} caption=${t("data.first_rows")} />`;
}
const shownTime = (value) => typeof value === "number" ? formatTime(value) : value ?? "–";

function Rejects({ rejects, file }) {
  const columns = [
    { key: "row", title: t("data.row"), number: true, cell: (row) => formatNumber(row.row) },
    { key: "column", title: t("data.column"), cell: (row) => row.column ?? "–" },
    { key: "value", title: t("data.value"), cell: (row) => html`<span class="cell">${String(row.value ?? "–")}</span>` },
    { key: "reason", title: t("data.why"), cell: (row) => html`<span lang=${languageOf(row.reason)}>${row.reason}</span>` },
  ];
  return html`<div class="card-head"><h3>${t("data.rejects")}</h3><button class="quiet" onClick=${() => download(rejects, file)}>${t("data.download")}</button></div>
    <${Table} columns=${columns} rows=${rejects} rowKey=${(row) => rejects.indexOf(row)} caption=${t("data.rejects")} />`;
}

/** Save rejected rows as a CSV file; a formula stays text in a spreadsheet. */
function download(rejects, file) {
  const quote = (value) => {
    const text = String(value ?? "");
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  };
  const lines = [REJECT_COLUMNS, ...rejects.map((row) => REJECT_COLUMNS.map((name) => row[name]))];
  const text = lines.map((line) => line.map(quote).join(",")).join("\r\n");
  saveFile(`rejected-${file.name}.csv`, ["\ufeff", text], "text/csv");
}

function Done({ done, file }) {
  return html`<div class="stack" role="status">
    <p class="row"><${Tag} kind="good">${t("data.stored")}<//> ${t("data.done", { n: done.new, read: done.read })} ${done.rejected > 0 ? t("data.done.rejected", { n: done.rejected }) : ""}</p>
    ${done.rejects.length > 0 && html`<${Rejects} rejects=${done.rejects} file=${file} />`}
    ${done.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
    <p><a href=${href("releases")}>${t("data.next")}</a></p>
  </div>`;
}
