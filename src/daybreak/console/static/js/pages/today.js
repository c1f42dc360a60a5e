// Today: what the shop has, what is cold, how lists do, and what should be done next.
import { Fragment, html, useState, classes } from "../lib.js";
import { formatAge, formatNumber, formatPercent, formatTime, hasText, useTexts } from "../i18n.js";
import { get, may, post, session } from "../api.js";
import { useInterval, useLoaded } from "../load.js";
import { go, href } from "../router.js";
import { dropped } from "../dropped.js";
import { Card, Figure, PageHead, Tag } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Segments } from "../components/form.js";
import { Icon } from "../components/icon.js";
import { Notice, Problem } from "../components/problem.js";
import { Snippet, toCurl } from "../components/snippet.js";
import { toast, toastError } from "../components/toast.js";
import { findWarnings } from "../today/warnings.js";

/** Time between two requests for the status: short while a training runs. */
const REFRESH_S = 30, BUSY_REFRESH_S = 5;
const DAY_S = 86_400;
const RESULT_DAYS = 30;
const RESULTS = ["ctr", "conversion", "satisfaction", "coverage", "cold_exposure"];

export default function TodayPage() {
  const t = useTexts();
  const status = useLoaded((signal) => get("status", {}, { signal }), []);
  const tasks = useLoaded((signal) => get("tasks", {}, { signal }), []);
  const busy = tasks.data?.tasks.some((task) => task.status === "running" || task.status === "waiting");
  useInterval(() => { status.refresh(); tasks.refresh(); }, busy ? BUSY_REFRESH_S : REFRESH_S);
  if (status.error && !status.data) return html`<${PageHead} title=${t("common.page.today")} /><${Problem} error=${status.error} retry=${status.reload} />`;
  if (!status.data) return html`<${PageHead} title=${t("common.page.today")} /><${Notice} busy>${t("common.loading")}<//>`;
  const reload = () => { status.reload(); tasks.reload(); };
  if (!status.data.items && !status.data.events && !status.data.users) return html`<${Empty} />`;
  return html`<div class="page-today stack">
    <${PageHead} title=${t("common.page.today")} lead=${t("today.lead")}>
      <a class="button primary" href=${href("try")}><${Icon} name="try" /> ${t("today.try")}</a><//>
    <${Totals} status=${status.data} />
    <${Warnings} status=${status.data} tasks=${tasks.data?.tasks ?? []} reload=${reload} />
    <div class="wide-grid">
      <${ActivityCard} />
      <${ReleaseCard} status=${status.data} tasks=${tasks.data?.tasks ?? []} reload=${reload} />
    </div>
    <${Results} />
  </div>`;
}

function Totals({ status }) {
  const t = useTexts();
  const cold = (ratio, count) => t("today.cold", { share: formatPercent(ratio), n: Math.round(ratio * count) });
  return html`<${Card}><dl class="figures">
    <${Figure} label=${t("today.users")} value=${formatNumber(status.users)} note=${cold(status.cold_user_ratio, status.users)} />
    <${Figure} label=${t("today.items")} value=${formatNumber(status.items)} note=${cold(status.cold_item_ratio, status.items)} />
    <${Figure} label=${t("today.events")} value=${formatNumber(status.events)} note=${status.users ? t("today.per_user", { n: status.events / status.users }) : ""} />
  </dl>
  <div class="cold-bars"><${ColdBar} label=${t("today.users")} ratio=${status.cold_user_ratio} /><${ColdBar} label=${t("today.items")} ratio=${status.cold_item_ratio} /></div>
  <//>`;
}

/** Show the shares of warm and cold rows as a bar. */
function ColdBar({ label, ratio }) {
  const t = useTexts();
  const text = t("today.cold_bar", { label, share: formatPercent(ratio) });
  return html`<div class="cold-bar" role="img" aria-label=${text}><span class="fine">${label}</span>
    <span class="track"><span class="hot-part" style=${{ flexGrow: 1 - ratio }}></span><span class="cold-part" style=${{ flexGrow: ratio }}></span></span></div>`;
}

function Warnings({ status, tasks, reload }) {
  const t = useTexts();
  const found = findWarnings(status, tasks);
  if (!found.length) return html`<${Notice} icon="check" title=${t("today.fine")}>${t("today.fine.hint")}<//>`;
  return html`<ul class="warnings">${found.map(({ key, values = {}, tone, step }) => html`<li key=${key} class=${classes("warning", tone)}>
    <${Icon} name=${tone === "bad" ? "alert" : "question"} />
    <div><p class="strong">${t(`today.warn.${key}`, values)}</p><p>${t(`today.warn.${key}.next`, values)}</p></div>
    <${NextStep} step=${step} reload=${reload} /></li>`)}</ul>`;
}

function NextStep({ step, reload }) {
  const t = useTexts();
  if (step === "train") return may("admin") ? html`<${TrainButton} reload=${reload} />` : null;
  return step ? html`<a class="button" href=${href(step)}>${t(`common.page.${step}`)}</a>` : null;
}

function TrainButton({ reload }) {
  const t = useTexts();
  const [busy, setBusy] = useState(false);
  const train = async () => {
    setBusy(true);
    try { await post("train", undefined); toast(t("today.training_started")); reload(); }
    catch (error) { toastError(error); }
    setBusy(false);
  };
  return html`<button class="primary" disabled=${busy} onClick=${train}>${t("today.train")}</button>`;
}

function ActivityCard() {
  const t = useTexts();
  const [shown, setShown] = useState("events");
  const { data, error, reload } = useLoaded((signal) => get("activity", { periods: 60 }, { signal }), []);
  const periods = data?.periods ?? [];
  const x = periods.map((period) => period.since);
  const share = (part, whole) => periods.map((period) => period[whole] ? period[part] / period[whole] : null);
  const charts = {
    events: { series: [{ name: t("today.events"), y: periods.map((period) => period.events) }] },
    active: { series: [
      { name: t("today.active_users"), y: periods.map((period) => period.users) },
      { name: t("today.active_items"), y: periods.map((period) => period.items), tone: "tone-2" },
    ] },
    new: { format: formatPercent, series: [
      { name: t("today.new_users"), y: share("new_users", "users") },
      { name: t("today.new_items"), y: share("new_items", "items"), tone: "tone-2" },
    ] },
  };
  return html`<${Card} title=${t("today.activity")} hint=${t(`today.activity.${shown}.hint`)} aside=${html`<${Segments} label=${t("today.activity")} value=${shown} onChange=${setShown}
      options=${Object.keys(charts).map((name) => [name, t(`today.activity.${name}`)])} />`}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && !periods.length && html`<p class="muted">${t("today.no_times")}</p>`}
    ${periods.length > 0 && html`<${Chart} key=${shown} title=${t(`today.activity.${shown}`)} time x=${x} xTitle=${t("today.from")} format=${(value) => formatNumber(value, 0)} ...${charts[shown]} />
      <p class="fine">${t("today.period", { length: lengthOf(data.period_s, t) })}${data.undated ? ` ${t("today.undated", { n: data.undated })}` : ""}</p>`}
  <//>`;
}

/** Return the length of a period in words. */
function lengthOf(seconds, t) {
  if (seconds < DAY_S) return t("today.hours", { n: seconds / 3600 });
  return seconds < 7 * DAY_S ? t("today.days", { n: seconds / DAY_S }) : t("today.weeks", { n: seconds / DAY_S / 7 });
}

function ReleaseCard({ status, tasks, reload }) {
  const t = useTexts();
  const running = tasks.find((task) => task.status === "running");
  const latest = tasks.find((task) => task.status !== "running");
  const best = Object.values(status.model_metric ?? {}).filter(Number.isFinite);
  return html`<${Card} title=${t("today.release")} aside=${status.release ? html`<${Tag} kind="good">${t("today.active")}<//>` : html`<${Tag} kind="warn">${t("today.none")}<//>`}>
    ${status.release ? html`<${Fragment}>
      <dl class="facts">
        <dt>${t("today.id")}</dt><dd><a href=${href("releases")}>${status.release}</a></dd>
        <dt>${t("today.age")}</dt><dd>${formatAge(status.model_age_seconds)}</dd>
        <dt>${t("today.took")}</dt><dd>${t("today.seconds", { n: status.train_seconds })}</dd>
        ${best.length > 0 && html`<${Fragment}><dt>${t("today.quality")}</dt><dd><a href=${href("quality")}>${formatNumber(best[0], 3)} → ${formatNumber(Math.max(...best), 3)}</a></dd><//>`}
      </dl><//>` : html`<p class="muted">${t("today.no_release")}</p>`}
    <h3>${t("today.waiting")}</h3>
    <ul class="queue">
      ${running && html`<li><span class="pulse"></span> ${t("today.training", { age: formatAge(Date.now() / 1000 - running.started_at) })}</li>`}
      ${status.waiting_requests > 0 && html`<li>${t("today.waiting_requests", { n: status.waiting_requests })}</li>`}
      ${status.waiting_answers > 0 && html`<li>${t("today.waiting_answers", { n: status.waiting_answers })}</li>`}
      ${!running && !status.waiting_requests && !status.waiting_answers && html`<li class="muted">${t("today.nothing_waits")}</li>`}
      ${latest && html`<li class="fine">${t("today.last_task", { status: hasText(`today.task.${latest.status}`) ? t(`today.task.${latest.status}`) : latest.status, time: formatTime(latest.ended_at ?? latest.started_at) })}</li>`}
    </ul>
    ${!running && may("admin") && html`<div class="actions"><${TrainButton} reload=${reload} /></div>`}
  <//>`;
}

function Results() {
  const t = useTexts();
  const { data, error, reload } = useLoaded((signal) => get("online", { since: -RESULT_DAYS * DAY_S, every_h: 24 }, { signal }), []);
  const [shown, setShown] = useState("ctr");
  if (error) return html`<${Card} title=${t("today.results")}><${Problem} error=${error} retry=${reload} /><//>`;
  if (!data) return null;
  if (!data.total.answers) return html`<${Card} title=${t("today.results")}><p class="muted">${t("today.no_results")}</p>
    <${Snippet} codes=${{ curl: toCurl("POST", "events", { user_id: "ann", item_id: "ITEM", event_type: "click", recommendation_id: "ID" }) }} /><//>`;
  const x = data.periods.map((period) => period.since);
  const format = shown === "satisfaction" ? formatNumber : formatPercent;
  return html`<${Card} title=${t("today.results")} hint=${t("today.results.hint", { n: data.total.answers, days: RESULT_DAYS })}>
    <dl class="figures">${RESULTS.map((name) => html`<${Figure} key=${name} label=${t(`today.result.${name}`)} value=${name === "satisfaction" ? formatNumber(data.total[name]) : formatPercent(data.total[name])} />`)}</dl>
    <${Segments} label=${t("today.results")} value=${shown} onChange=${setShown} options=${RESULTS.map((name) => [name, t(`today.result.${name}`)])} />
    <${Chart} key=${shown} title=${t(`today.result.${shown}`)} time x=${x} xTitle=${t("today.from")} format=${format} series=${[{ name: t(`today.result.${shown}`), y: data.periods.map((period) => period[shown]) }]} />
  <//>`;
}

function Empty() {
  const t = useTexts();
  const [over, setOver] = useState(false);
  const take = (files) => { dropped.set([...files]); go("data"); };
  const drop = (event) => { event.preventDefault(); setOver(false); take(event.dataTransfer.files); };
  const key = session.value?.needs_key;
  const lines = [
    toCurl("POST", "items", [{ item_id: "tea", title: "Green tea", price: 4 }, { item_id: "cup", title: "Tea cup", price: 9 }]),
    toCurl("POST", "events", [{ user_id: "ann", item_id: "tea", event_type: "purchase" }]),
    toCurl("POST", "recommend", { profile: { text: "something for tea" } }),
  ];
  return html`<div class="page-today stack">
    <${PageHead} title=${t("today.empty")} lead=${t("today.empty.lead")} />
    <div class="grid">
      <${Card} title=${t("today.empty.files")} hint=${t("today.empty.files.hint")}>
        <label class=${classes("drop-zone", over && "over")} onDragOver=${(event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
          <${Icon} name="data" /><span>${t("today.empty.drop")}</span>
          <input type="file" multiple class="hidden" onChange=${(event) => take(event.target.files)} />
        </label><//>
      <${Card} title=${t("today.empty.api")} hint=${t(key ? "today.empty.api.key" : "today.empty.api.hint")}><${Snippet} codes=${{ curl: lines.join("\n") }} /><//>
      <${Card} title=${t("today.empty.demo")} hint=${t("today.empty.demo.hint")}><${Snippet} codes=${{ [t("today.empty.terminal")]: "daybreak demo --serve" }} /><//>
    </div>
  </div>`;
}
