// Settings: API keys, the settings of this server, and where to read more.
import { html, useState } from "../lib.js";
import { formatTime, t, useTexts } from "../i18n.js";
import { call, get, may, part, post, session } from "../api.js";
import { useLoaded } from "../load.js";
import { useShared } from "../store.js";
import { Card, PageHead, Tag } from "../components/card.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Field } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Snippet } from "../components/snippet.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";
import { Policy } from "../settings/policy.js";

const ROLES = ["read", "write", "admin"];

export default function Settings() {
  useTexts();
  useShared(session);
  return html`<div class="page-settings stack">
    <${PageHead} title=${t("common.page.settings")} lead=${t("settings.lead")} />
    ${may("admin") ? html`<${Keys} /><${Policy} /><${Server} />` : html`<${Notice} icon="settings">${t("settings.admin_only")}<//>`}
    <${More} />
  </div>`;
}

function Keys() {
  const { data, error, reload } = useLoaded((signal) => get("keys", {}, { signal }));
  const [plan, setPlan] = useState(null);
  const [made, setMade] = useState(null);
  const [doomed, setDoomed] = useState(null);
  const revoke = async () => {
    setDoomed(null);
    try {
      await call("DELETE", `keys/${part(doomed.id)}`);
      toast(t("settings.key.revoked", { name: doomed.name || doomed.id }));
      reload();
    } catch (failure) { toastError(failure); }
  };
  const columns = [
    { key: "name", title: t("settings.key.name"), cell: (key) => html`<span class="key-name">${key.name || "–"}</span> <code class="fine">${key.id}</code>` },
    { key: "role", title: t("settings.key.role"), cell: (key) => html`<${Tag} kind=${key.role === "admin" ? "warn" : ""}>${t(`settings.role.${key.role}`)}<//>` },
    { key: "created_at", title: t("settings.key.created"), cell: (key) => formatTime(key.created_at) },
    { key: "action", title: html`<span class="hidden">${t("settings.key.revoke")}</span>`, number: true, cell: (key) => html`
      <button class="quiet" onClick=${() => setDoomed(key)}>${t("settings.key.revoke")}<span class="hidden"> ${key.name || key.id}</span></button>` },
  ];
  return html`<${Card} title=${t("settings.keys")} hint=${data && t(data.needed ? "settings.keys.needed" : "settings.keys.open")}
      aside=${html`<button class="primary" onClick=${() => setPlan({})}>${t("settings.key.make")}</button>`}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && html`<${Table} columns=${columns} rows=${data.keys} caption=${t("settings.keys")} empty=${t("settings.keys.none")} />`}
    ${plan && html`<${NewKey} onClose=${() => setPlan(null)} onMade=${(key) => { setPlan(null); setMade(key); reload(); }} />`}
    ${made && html`<${MadeKey} made=${made} onClose=${() => setMade(null)} />`}
    ${doomed && html`<${Confirm} title=${t("settings.key.revoke")} action=${t("settings.key.revoke")} onClose=${() => setDoomed(null)} onConfirm=${revoke}
      text=${t("settings.key.revoke.text", { name: doomed.name || doomed.id })} />`}
  <//>`;
}

function NewKey({ onClose, onMade }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("read");
  const [error, setError] = useState(null);
  const make = async (event) => {
    event.preventDefault();
    try { onMade(await post("keys", { role, name: name.trim() })); }
    catch (failure) { setError(failure); }
  };
  return html`<${Dialog} title=${t("settings.key.make")} onClose=${onClose}>
    <form class="stack" onSubmit=${make}>
      <${Field} label=${t("settings.key.name")} hint=${t("settings.key.name.hint")} error=${error && (error.faults[0]?.expected ?? error.message)}>
        ${(a) => html`<input ...${a} value=${name} maxlength="200" autocomplete="off" onInput=${(event) => setName(event.target.value)} />`}<//>
      <fieldset class="stack"><legend class="fine strong">${t("settings.key.role")}</legend>
        ${ROLES.map((one) => html`<label key=${one} class="choice">
          <input type="radio" name="role" value=${one} checked=${one === role} onChange=${() => setRole(one)} />
          <span><span class="strong">${t(`settings.role.${one}`)}</span><br /><span class="fine">${t(`settings.role.${one}.hint`)}</span></span></label>`)}
      </fieldset>
      <div class="actions"><button class="primary">${t("settings.key.make")}</button></div>
    </form>
  <//>`;
}

/** Show the text of a new key: this is the only time that anybody can read it. */
function MadeKey({ made, onClose }) {
  return html`<${Dialog} title=${t("settings.key.made")} onClose=${onClose} actions=${html`<button class="primary" onClick=${onClose}>${t("settings.key.kept")}</button>`}>
    <p>${t("settings.key.once")}</p>
    <${Snippet} codes=${{ [t("common.key")]: made.key }} />
  <//>`;
}

function Server() {
  const { data, error, reload } = useLoaded((signal) => get("config", {}, { signal }));
  const rows = (values) => Object.entries(values).map(([id, value]) => ({ id, value: shown(value) }));
  const columns = [
    { key: "id", title: t("settings.setting"), cell: (row) => html`<code>${row.id}</code>` },
    { key: "value", title: t("settings.value"), cell: (row) => html`<span class="value">${row.value}</span>` },
  ];
  return html`<${Card} title=${t("settings.server")} hint=${t("settings.server.hint")}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && html`<div class="grid">
      <div><h3>${t("settings.library")}</h3><${Table} columns=${columns} rows=${rows(data.settings)} caption=${t("settings.library")} /></div>
      <div><h3>${t("settings.http")}</h3><${Table} columns=${columns} rows=${rows(data.server)} caption=${t("settings.http")} /></div>
    </div>`}
  <//>`;
}

/** Return a setting as text. */
function shown(value) {
  if (value === "" || value === null || (Array.isArray(value) && !value.length)) return t("settings.empty");
  return Array.isArray(value) ? value.join(", ") : String(value);
}

function More() {
  return html`<${Card} title=${t("settings.more")}>
    <ul class="stack">
      <li><a href="docs">${t("settings.more.api")}</a></li>
      <li><a href="openapi.json">${t("settings.more.openapi")}</a></li>
      <li><a href="metrics">${t("settings.more.metrics")}</a></li>
    </ul>
  <//>`;
}
