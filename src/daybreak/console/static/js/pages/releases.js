// Releases and experiments: train, activate, go back; try a change on a share of the users.
import { html, useState } from "../lib.js";
import { formatAge, formatNumber, formatTime, languageOf, t, useTexts } from "../i18n.js";
import { get, may, part, post } from "../api.js";
import { useInterval, useLoaded, useTaskEnd } from "../load.js";
import { href } from "../router.js";
import { Card, PageHead, Tag } from "../components/card.js";
import { Confirm } from "../components/dialog.js";
import { Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";
import { Experiments } from "../releases/experiments.js";

const REFRESH_S = 2;
const TASKS_SHOWN = 10;

export default function Releases() {
  useTexts();
  const models = useLoaded((signal) => get("models", {}, { signal }));
  const tasks = useLoaded((signal) => get("tasks", {}, { signal }));
  const running = tasks.data?.tasks.find((task) => task.status === "running" || task.status === "waiting");
  useInterval(tasks.refresh, running ? REFRESH_S : 0);
  useTaskEnd(tasks.data?.tasks, Boolean(running), tasks.data?.tasks[0], models.reload);
  const train = async () => {
    try { await post("train"); toast(t("releases.training.started")); tasks.reload(); }
    catch (error) { toastError(error); }
  };
  return html`<div class="page-releases stack">
    <${PageHead} title=${t("common.page.releases")} lead=${t("releases.lead")}>
      ${may("admin") && html`<button class="primary" disabled=${Boolean(running)} onClick=${train}>${t("releases.train")}</button>`}
    <//>
    ${running && html`<${Training} task=${running} last=${lastSeconds(models.data)} />`}
    <${List} models=${models} />
    <${Tasks} tasks=${tasks} />
    <${Experiments} releases=${models.data?.models ?? []} />
  </div>`;
}

/** Return the seconds that the last training took; null: not known. */
const lastSeconds = (data) => data?.models.find((one) => one.metadata?.seconds)?.metadata.seconds ?? null;

/** Show how long a training runs, and when it should end by what the last one took. */
function Training({ task, last }) {
  const [, redraw] = useState(0);
  useInterval(() => redraw((n) => n + 1), 1);
  const passed = Math.max(0, Date.now() / 1000 - task.started_at);
  const left = last === null ? null : last - passed;
  return html`<${Card} title=${t("releases.training")} class="training">
    <progress max=${last ?? 1} value=${last === null ? undefined : Math.min(passed, last)} aria-label=${t("releases.training")}></progress>
    <p>${t("releases.training.passed", { n: Math.round(passed) })} ${left === null ? "" : left > 0 ? t("releases.training.left", { n: Math.round(left) }) : t("releases.training.longer")}</p>
    ${task.progress?.step && html`<p class="fine" role="status" lang=${languageOf(task.progress.step)}>${task.progress.step}</p>`}
    ${task.note && html`<p class="fine" lang=${languageOf(task.note)}>${task.note}</p>`}
  <//>`;
}

function List({ models }) {
  const [plan, setPlan] = useState(null);
  const releases = models.data?.models ?? [];
  const change = async () => {
    const { release } = plan;
    setPlan(null);
    try {
      await post(`models/${part(release.id)}/activate`);
      toast(t("releases.activated", { time: formatTime(release.created_at) }));
    } catch (error) { toastError(error); }
    models.reload();
  };
  const active = releases.find((one) => one.active);
  const columns = [
    { key: "created_at", title: t("releases.made"), cell: (one) => html`<${Made} release=${one} />` },
    { key: "events", title: t("releases.events"), number: true, cell: (one) => formatNumber(one.metadata.events) },
    { key: "users", title: t("releases.users"), number: true, cell: (one) => formatNumber(one.metadata.users) },
    { key: "items", title: t("releases.items"), number: true, cell: (one) => formatNumber(one.metadata.items) },
    { key: "seconds", title: t("releases.seconds"), number: true, cell: (one) => formatNumber(one.metadata.seconds, 0) },
    { key: "actions", title: html`<span class="hidden">${t("releases.actions")}</span>`, number: true, cell: (one) => html`
      <a href=${href("quality", { release: one.id })}>${t("common.page.quality")}<span class="hidden"> ${formatTime(one.created_at)}</span></a>
      ${may("admin") && !one.active && html` <button class="quiet small" onClick=${() => setPlan({ release: one })}>${t(isOlder(one, active) ? "releases.back" : "releases.activate")}<span class="hidden"> ${formatTime(one.created_at)}</span></button>`}` },
  ];
  return html`<${Card} title=${t("releases.list")} hint=${t("releases.list.hint")}>
    ${models.error && html`<${Problem} error=${models.error} retry=${models.reload} />`}
    ${models.data && html`<${Table} columns=${columns} rows=${releases} caption=${t("releases.list")} empty=${t("releases.none")} />`}
    ${plan && html`<${Confirm} title=${t("releases.activate")} action=${t("releases.activate")} onClose=${() => setPlan(null)} onConfirm=${change}
      text=${t("releases.activate.text", { time: formatTime(plan.release.created_at) })} />`}
  <//>`;
}
const isOlder = (one, active) => Boolean(active) && one.created_at < active.created_at;

function Made({ release }) {
  return html`<span>${formatTime(release.created_at)}</span> ${release.active && html`<${Tag} kind="good">${t("releases.active")}<//>`}
    <br /><span class="fine">${formatAge(Date.now() / 1000 - release.created_at)} · <code>${release.id}</code></span>`;
}

const STATUS_KINDS = { done: "good", failed: "bad", lost: "bad", refused: "warn" };
function Tasks({ tasks }) {
  if (tasks.error) return html`<${Problem} error=${tasks.error} retry=${tasks.reload} />`;
  const rows = (tasks.data?.tasks ?? []).slice(0, TASKS_SHOWN);
  if (!rows.length) return null;
  const columns = [
    { key: "started_at", title: t("releases.started"), cell: (one) => formatTime(one.started_at) },
    { key: "status", title: t("releases.status"), cell: (one) => html`<${Tag} kind=${STATUS_KINDS[one.status]}>${t(`releases.status.${one.status}`)}<//>` },
    { key: "took", title: t("releases.seconds"), number: true, cell: (one) => one.ended_at ? formatNumber(one.ended_at - one.started_at, 0) : "–" },
    { key: "reason", title: t("releases.reason"), cell: (one) => html`<span class="fine" lang=${languageOf(`${one.reason}${one.note}`)}>${[one.reason, one.note].filter(Boolean).join(" · ")}</span>` },
  ];
  return html`<${Card} title=${t("releases.trainings")}><${Table} columns=${columns} rows=${rows} caption=${t("releases.trainings")} /><//>`;
}

