// Experiments: plan, start, watch and stop a comparison on a share of the users.
import { html, useState } from "../lib.js";
import { formatFixed, formatNumber, formatPercent, formatTime, languageOf, t } from "../i18n.js";
import { call, get, may, part, post } from "../api.js";
import { useLoaded } from "../load.js";
import { Card, Tag } from "../components/card.js";
import { Confirm, Dialog } from "../components/dialog.js";
import { Field, Segments, Slider } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";

const METRICS = ["ctr", "conversion", "satisfaction"];
const STATUS_KINDS = { running: "good", draft: "" };

export function Experiments({ releases }) {
  const { data, error, reload } = useLoaded((signal) => get("experiments", {}, { signal }));
  const [planning, setPlanning] = useState(false);
  const [shown, setShown] = useState(null);
  const [ending, setEnding] = useState(null);
  const act = async (experiment, action) => {
    setEnding(null);
    try {
      if (action === "delete") await call("DELETE", `experiments/${part(experiment.id)}`);
      else await post(`experiments/${part(experiment.id)}/${action}`);
      toast(t(`releases.experiment.${action}.done`, { id: experiment.id }));
    } catch (failure) { toastError(failure); }
    reload();
  };
  const columns = [
    { key: "id", title: t("releases.experiment"), cell: (one) => html`<span class="strong wrap">${one.id}</span>${one.note && html`<br /><span class="fine wrap">${one.note}</span>`}` },
    { key: "status", title: t("releases.status"), cell: (one) => html`<${Tag} kind=${STATUS_KINDS[one.status]}>${t(`releases.experiment.${one.status}`)}<//>` },
    { key: "variants", title: t("releases.variants"), cell: (one) => html`<span class="wrap">${one.variants.map((variant) => variant.name + (variant.shadow ? ` (${t("releases.shadow")})` : "")).join(", ")}</span>` },
    { key: "share", title: t("releases.share"), number: true, cell: (one) => formatPercent(one.share ?? 1, 0) },
    { key: "actions", title: html`<span class="hidden">${t("releases.actions")}</span>`, number: true, cell: (one) => html`<${Actions} experiment=${one} onShow=${() => setShown(one)} onAct=${act} onEnd=${setEnding} />` },
  ];
  return html`<${Card} title=${t("releases.experiments")} hint=${t("releases.experiments.hint")}
      aside=${may("admin") && html`<button onClick=${() => setPlanning(true)}>${t("releases.experiment.plan")}</button>`}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && html`<${Table} columns=${columns} rows=${data.experiments} caption=${t("releases.experiments")} empty=${t("releases.experiments.none")} />`}
    ${planning && html`<${Plan} releases=${releases} onClose=${() => setPlanning(false)} onDone=${() => { setPlanning(false); reload(); }} />`}
    ${shown && html`<${Report} experiment=${shown} onClose=${() => setShown(null)} />`}
    ${ending && html`<${Confirm} title=${t(`releases.experiment.${ending.action}`)} action=${t(`releases.experiment.${ending.action}`)} onClose=${() => setEnding(null)}
      onConfirm=${() => act(ending.experiment, ending.action)} text=${t(`releases.experiment.${ending.action}.text`, { id: ending.experiment.id })} />`}
  <//>`;
}

function Actions({ experiment, onShow, onAct, onEnd }) {
  const name = html`<span class="hidden"> ${experiment.id}</span>`;
  const end = (action) => () => onEnd({ experiment, action });
  return html`<span class="row end">
    ${experiment.status !== "draft" && html`<button class="quiet small" onClick=${onShow}>${t("releases.experiment.results")}${name}</button>`}
    ${may("admin") && experiment.status === "draft" && html`<button class="quiet small" onClick=${() => onAct(experiment, "start")}>${t("releases.experiment.start")}${name}</button>`}
    ${may("admin") && experiment.status === "running" && html`<button class="quiet small" onClick=${end("stop")}>${t("releases.experiment.stop")}${name}</button>`}
    ${may("admin") && experiment.status !== "running" && html`<button class="quiet small" onClick=${end("delete")}>${t("releases.experiment.delete")}${name}</button>`}
  </span>`;
}

/** Ask for the plan of an experiment: one change against what is shown now. */
function Plan({ releases, onClose, onDone }) {
  const others = releases.filter((one) => !one.active);
  const [plan, setPlan] = useState({ id: "", note: "", change: "diversity", release: "", value: 0.3, share: 0.5, metric: "ctr", shadow: false });
  const [error, setError] = useState(null);
  const set = (name) => (value) => setPlan({ ...plan, [name]: value });
  const release = plan.release || others[0]?.id; // the releases may arrive after the dialog was opened
  const save = async (event) => {
    event.preventDefault();
    try { await post("experiments", toPlan({ ...plan, release })); onDone(); } catch (failure) { setError(failure); }
  };
  const changes = ["diversity", "popularity", ...(others.length ? ["release"] : [])];
  return html`<${Dialog} title=${t("releases.experiment.plan")} onClose=${onClose}>
    <form class="stack" onSubmit=${save}>
      <${Field} label=${t("releases.plan.id")} hint=${t("releases.plan.id.hint")}>${(a) => html`<input ...${a} required maxlength="100" value=${plan.id} onInput=${(event) => set("id")(event.target.value)} />`}<//>
      <${Field} label=${t("releases.plan.note")}>${(a) => html`<input ...${a} maxlength="500" value=${plan.note} onInput=${(event) => set("note")(event.target.value)} />`}<//>
      <h3>${t("releases.plan.change")}</h3>
      <${Segments} label=${t("releases.plan.change")} value=${plan.change} onChange=${set("change")} options=${changes.map((one) => [one, t(`releases.plan.${one}`)])} />
      ${plan.change === "release"
        ? html`<${Field} label=${t("releases.plan.release")}>${(a) => html`<select ...${a} value=${release} onChange=${(event) => set("release")(event.target.value)}>
            ${others.map((one) => html`<option key=${one.id} value=${one.id}>${formatTime(one.created_at)}</option>`)}</select>`}<//>`
        : html`<${Slider} label=${t(`releases.plan.${plan.change}`)} low=${t("releases.plan.little")} high=${t("releases.plan.much")} value=${plan.value} onChange=${set("value")} />`}
      <${Slider} label=${t("releases.share")} low="0 %" high="100 %" value=${plan.share} onChange=${set("share")} />
      <${Field} label=${t("releases.plan.metric")}>${(a) => html`<select ...${a} value=${plan.metric} onChange=${(event) => set("metric")(event.target.value)}>
        ${METRICS.map((one) => html`<option key=${one} value=${one}>${t(`releases.metric.${one}`)}</option>`)}</select>`}<//>
      <label class="toggle"><input type="checkbox" checked=${plan.shadow} onChange=${(event) => set("shadow")(event.target.checked)} /><span>${t("releases.plan.shadow")}</span></label>
      ${error && html`<${Problem} error=${error} />`}
      <div class="actions"><button class="primary">${t("common.save")}</button></div>
    </form>
  <//>`;
}

/** Return the body of `POST /experiments`. */
export function toPlan({ id, note, change, release, value, share, metric, shadow }) {
  const changed = { name: "changed", ...(shadow ? { shadow } : {}) };
  if (change === "release") changed.release = release;
  else changed.ask = { rules: { [change]: value } };
  const variants = [{ name: "now" }, changed];
  return { id: id.trim(), note: note.trim(), variants, share: Math.max(share, 0.01), metric };
}

function Report({ experiment, onClose }) {
  const { data, error, reload } = useLoaded((signal) => get(`experiments/${part(experiment.id)}/report`, {}, { signal }));
  return html`<${Dialog} title=${experiment.id} onClose=${onClose}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Notice} busy>${t("common.loading")}<//>`}
    ${data && html`<${Results} report=${data} />`}
  <//>`;
}

/** Return the result of an experiment in words, in the language of the page. */
function verdictOf(report) {
  if (!report.shown.some((one) => one.people)) return t("releases.verdict.nothing");
  if (!report.split.sound) return t("releases.verdict.broken");
  const primary = report.differences.filter((one) => one.measure === report.experiment.metric);
  if (!primary.length) return t("releases.verdict.shadows");
  const control = report.shown[0].name;
  return primary.map((one) => t(`releases.verdict.${one.word.replaceAll(" ", "_")}`, { variant: one.variant, control, numbers: numbersOf(one) })).join(" ");
}

const points = (value) => (value > 0 ? "+" : "") + formatFixed(100 * value, 2);
function numbersOf(one) {
  const label = METRICS.includes(one.measure) ? t(`releases.metric.${one.measure}`) : one.measure;
  const numbers = t("releases.verdict.numbers", { label, value: formatPercent(one.value, 2), first: formatPercent(one.first, 2), difference: points(one.difference), low: points(one.low), high: points(one.high) });
  if (one.word !== "open" || one.people_needed === null) return numbers;
  return t("releases.verdict.needed", { numbers, effect: points(one.effect), n: Math.round(one.people_needed) });
}

function Results({ report }) {
  const shown = [
    { key: "name", title: t("releases.variant") },
    { key: "people", title: t("releases.people"), number: true, cell: (row) => formatNumber(row.people) },
    { key: "impressions", title: t("releases.impressions"), number: true, cell: (row) => formatNumber(row.impressions) },
    { key: "clicks", title: t("releases.clicks"), number: true, cell: (row) => formatNumber(row.clicks) },
    { key: "conversions", title: t("releases.conversions"), number: true, cell: (row) => formatNumber(row.conversions) },
  ];
  const differences = [
    { key: "variant", title: t("releases.variant") },
    { key: "measure", title: t("releases.plan.metric"), cell: (row) => METRICS.includes(row.measure) ? t(`releases.metric.${row.measure}`) : row.measure },
    { key: "difference", title: t("releases.difference"), number: true, cell: (row) => formatFixed(row.difference, 4) },
    { key: "interval", title: t("releases.interval"), number: true, cell: (row) => `${formatFixed(row.low, 4)} … ${formatFixed(row.high, 4)}` },
  ];
  return html`<p class="strong">${verdictOf(report)}</p>
    <${Table} columns=${shown} rows=${report.shown} rowKey=${(row) => row.name} caption=${t("releases.variants")} />
    ${report.differences.length > 0 && html`<h3>${t("releases.differences")}</h3>
      <${Table} columns=${differences} rows=${report.differences} rowKey=${(row) => row.variant + row.measure} caption=${t("releases.differences")} />`}
    ${report.shadows?.length > 0 && html`<p class="fine">${report.shadows.map((one) => `${one.name}: ${t("releases.agreement", { share: formatPercent(one.agreement) })}`).join(" · ")}</p>`}
    ${(report.notes ?? []).map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}`;
}
