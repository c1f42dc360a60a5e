// Data: bring files in, look at what they are read as, correct it, and see what the data allow.
import { html, useEffect, useState } from "../lib.js";
import { formatNumber, languageOf, t, useTexts } from "../i18n.js";
import { ROOT, get, may, session } from "../api.js";
import { useLoaded } from "../load.js";
import { dropped } from "../dropped.js";
import { Card, PageHead, Tag } from "../components/card.js";
import { Notice, Problem } from "../components/problem.js";
import { Snippet } from "../components/snippet.js";
import { Table } from "../components/table.js";
import { useShared } from "../store.js";
import { ImportFile } from "../data/file.js";
import { EventTypes } from "../data/signs.js";

let nextId = 0;

export default function Data() {
  useTexts();
  useShared(session);
  const [files, setFiles] = useState([]);
  const report = useLoaded((signal) => get("data", {}, { signal }));
  const add = (list) => setFiles((old) => [...[...list].map((file) => ({ id: ++nextId, file })), ...old]);
  useEffect(() => {
    if (dropped.value.length) { add(dropped.value); dropped.set([]); }
  }, []);
  const remove = (id) => setFiles((old) => old.filter((one) => one.id !== id));
  return html`<div class="page-data stack">
    <${PageHead} title=${t("common.page.data")} lead=${t("data.lead")} />
    ${may("admin") ? html`<${Drop} onFiles=${add} />` : html`<${Notice} icon="data">${t("data.admin_only")}<//>`}
    ${files.map((one) => html`<${ImportFile} key=${one.id} file=${one.file} onClose=${() => remove(one.id)} onDone=${report.reload} />`)}
    <${Report} report=${report} />
    <${Card} title=${t("data.program")} hint=${t("data.program.hint")}><${Snippet} codes=${codes()} /><//>
  </div>`;
}

function Drop({ onFiles }) {
  const [over, setOver] = useState(false);
  const drop = (event) => { event.preventDefault(); setOver(false); onFiles(event.dataTransfer.files); };
  const hover = (inside) => (event) => { event.preventDefault(); setOver(inside); };
  return html`<div class=${`drop${over ? " over" : ""}`} onDrop=${drop} onDragOver=${hover(true)} onDragLeave=${hover(false)}>
    <p class="strong">${t("data.drop")}</p>
    <p class="muted">${t("data.drop.hint")}</p>
    <label class="choose"><span>${t("data.choose")}</span>
      <input class="hidden" type="file" multiple onChange=${(event) => { onFiles(event.target.files); event.target.value = ""; }} /></label>
  </div>`;
}

const LEVEL_KINDS = { PASS: "good", WARN: "warn", FAIL: "bad" };
function Report({ report }) {
  const { data, error, reload } = report;
  if (error) return html`<${Problem} error=${error} retry=${reload} />`;
  if (!data) return null;
  const order = { FAIL: 0, WARN: 1, PASS: 2 };
  const findings = [...data.findings].sort((a, b) => order[a.level] - order[b.level]);
  return html`
    <${Card} title=${t("data.allow")} hint=${t("data.allow.hint")}>
      <ul class="allow">${data.strategies.map((one) => html`<${Allowed} key=${one.name} group=${one} />`)}</ul>
    <//>
    ${data.event_types.length > 0 && html`<${Card} title=${t("data.types")} hint=${t("data.types.hint")}><${EventTypes} types=${data.event_types} /><//>`}
    <${Card} title=${t("data.checks")}>
      <${Table} caption=${t("data.checks")} rows=${findings} rowKey=${(row) => row.code + row.message} columns=${[
        { key: "level", title: t("data.result"), cell: (row) => html`<${Tag} kind=${LEVEL_KINDS[row.level]}>${t(`data.level.${row.level}`)}<//>` },
        { key: "message", title: t("data.finding"), cell: (row) => html`<span class="wrap" lang=${languageOf(row.message)}>${row.message}</span>` },
      ]} />
    <//>`;
}

/** Show one group of strategies, and how far its requirements are met. */
function Allowed({ group }) {
  const state = group.ready ? "ready" : group.ready_soon ? "soon" : "off";
  return html`<li>
    <p class="row"><span class="strong">${t(`data.group.${group.name}`)}</span> <${Tag} kind=${{ ready: "good", soon: "warn" }[state]}>${t(`data.state.${state}`)}<//></p>
    <p class="fine">${t(`data.group.${group.name}.purpose`)}</p>
    ${group.requirements.map((one) => html`<div key=${one.name} class="need">
      <span class="fine">${t("data.need", { name: needName(one.name), current: formatNumber(one.current), required: formatNumber(one.required) })}</span>
      <meter min="0" max="1" value=${Math.min(1, one.current / one.required)} aria-label=${needName(one.name)}></meter></div>`)}
  </li>`;
}
const needName = (name) => t(`data.need.${name.replaceAll(" ", "_")}`);

function codes() {
  const key = session.value?.needs_key ? ' -H "X-API-Key: $KEY"' : "";
  return {
    curl: ["events", "items", "users"].map((table) => `curl -s${key} --data-binary @${table}.csv '${new URL(`import?table=${table}`, ROOT).href}'`).join("\n"),
    [t("data.command_line")]: "daybreak import events.csv items.csv users.csv\ndaybreak train",
  };
}
