// One user: profile, history, list, interests over time, export and erasure with its proof.
import { html, useState } from "../lib.js";
import { formatNumber, formatPercent, formatTime, languageOf, t } from "../i18n.js";
import { call, get, may, part, post } from "../api.js";
import { useLoaded } from "../load.js";
import { href } from "../router.js";
import { saveFile } from "../save.js";
import { Card, PageHead, Tag } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Confirm } from "../components/dialog.js";
import { Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";
import { Attributes, Back, Events, ItemLinks } from "./parts.js";

const LIST_SHOWN = 10;
const TOPICS_SHOWN = 5;
const POINTS_SHOWN = 24;

export function UserDetail({ id }) {
  const user = useLoaded((signal) => get(`users/${part(id)}`, {}, { signal }).catch((error) => {
    if (error.code === "not_found") return { user_id: id }; // a user of events only has no row
    throw error;
  }), [id]);
  const [proof, setProof] = useState(null);
  const [asking, setAsking] = useState(null);
  const [forgotten, setForgotten] = useState(0);
  const erase = async () => {
    setAsking(null);
    try { setProof(await call("DELETE", `users/${part(id)}`)); } catch (error) { toastError(error); }
  };
  const forget = async () => {
    setAsking(null);
    try { const { deleted } = await call("DELETE", "events", { body: { user_id: id } }); toast(t("browse.user.forgotten", { n: deleted })); user.reload(); setForgotten((n) => n + 1); }
    catch (error) { toastError(error); }
  };
  if (proof) return html`<div class="page-browse stack"><${Back} table="users" /><${Proof} proof=${proof} id=${id} /></div>`;
  return html`<div class="page-browse stack">
    <${Back} table="users" />
    <${PageHead} title=${id}>
      <a class="button" href=${href("try", { user: id })}>${t("browse.user.try")}</a>
      ${may("admin") && html`<button onClick=${() => save(id)}>${t("browse.user.export")}</button>`}
      ${may("write") && html`<button class="quiet" onClick=${() => setAsking("forget")}>${t("browse.user.forget")}</button>
        <button class="quiet" onClick=${() => setAsking("erase")}>${t("browse.user.erase")}</button>`}
    <//>
    ${user.error && html`<${Problem} error=${user.error} retry=${user.reload} />`}
    ${user.data && html`<div class="detail">
      <div class="stack"><${Attributes} table="users" id=${id} row=${user.data} editable=${may("write")} onSaved=${user.reload} /><${List} key=${forgotten} id=${id} /></div>
      <div class="stack" key=${forgotten}><${Interests} id=${id} /><${Events} filter=${{ user_id: id }} other="item_id" /></div>
    </div>`}
    ${asking && html`<${Confirm} title=${t(`browse.user.${asking}`)} action=${t(`browse.user.${asking}`)} text=${t(`browse.user.${asking}.text`, { id })} onClose=${() => setAsking(null)} onConfirm=${asking === "erase" ? erase : forget} />`}
  </div>`;
}

/** Save all data of a user as a file. */
async function save(id) {
  try {
    const data = await get(`users/${part(id)}/export`);
    saveFile("user.json", [JSON.stringify(data, null, 1)], "application/json");
  } catch (error) { toastError(error); }
}

function List({ id }) {
  const { data, error } = useLoaded((signal) => post("recommend", { user_id: id, k: LIST_SHOWN, record: false }, { signal }), [id]);
  return html`<${Card} title=${t("browse.list")} aside=${data && html`<${Tag} kind=${data.user.temperature}>${t(`common.temperature.${data.user.temperature}`)}<//>`}>
    ${error && html`<${Problem} error=${error} />`}${data && html`<${ItemLinks} items=${data.items} />`}<//>`;
}

function Interests({ id }) {
  const { data, error } = useLoaded((signal) => get(`users/${part(id)}/interests`, { topics: TOPICS_SHOWN, points: POINTS_SHOWN }, { signal }), [id]);
  const points = (data?.points ?? []).filter((one) => one.at);
  if (error && ["not_found", "not_fitted"].includes(error.code)) return null;
  return html`<${Card} title=${t("browse.interests")} hint=${t("browse.interests.hint")}>
    ${error && html`<${Problem} error=${error} />`}
    ${data && points.length < 2 && html`<p class="muted">${t("browse.interests.few")}</p>`}
    ${points.length >= 2 && html`<${Chart} title=${t("browse.interests.over_time")} time xTitle=${t("browse.time")} x=${points.map((one) => one.at)}
      format=${(value) => formatPercent(value, 0)} series=${data.topics.map((topic, index) => ({ name: topic.name, y: points.map((one) => one.shares[index]), points: false }))} />`}
  <//>`;
}

/** Show what was erased, as the server reports it. */
function Proof({ proof, id }) {
  return html`<${Card} title=${t("browse.erased", { id })} hint=${t(proof.complete ? "browse.erased.complete" : "browse.erased.incomplete")}>
    <p class="fine">${formatTime(proof.at)}</p>
<${Table} caption=${t("browse.proof")} rows=${proof.traces} rowKey=${(row) => row.place} columns=${[
      { key: "place", title: t("browse.proof.place"), cell: (row) => html`<span lang=${languageOf(row.place)}>${row.place}</span>` },
      { key: "before", title: t("browse.proof.before"), number: true, cell: (row) => formatNumber(row.before) },
      { key: "after", title: t("browse.proof.after"), number: true, cell: (row) => formatNumber(row.after) },
    ]} />
    ${proof.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
  <//>`;
}
