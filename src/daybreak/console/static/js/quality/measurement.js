// A measurement that is started from the page and kept with a release: its card, progress and absence.
import { html, useState } from "../lib.js";
import { languageOf, t, useTexts } from "../i18n.js";
import { get, may, part, post } from "../api.js";
import { useInterval, useLoaded, useTaskEnd } from "../load.js";
import { Card } from "../components/card.js";
import { Notice } from "../components/problem.js";
import { toast, toastError } from "../components/toast.js";

const REFRESH_S = 2;

/**
 * @param {{id: string, kind: string, path: string, texts: string, command: string, value: object | null, reload: () => void, children: any}} props
 *   `id` of the release; `kind` of the task; `path` of the request that starts it; `texts` is the
 *   beginning of the keys of its texts; `command` measures the same; `children` show the `value`
 */
export function Measurement({ id, kind, path, texts, command, value, reload, children }) {
  useTexts();
  const tasks = useLoaded((signal) => get("tasks", {}, { signal }));
  const running = tasks.data?.tasks.find((task) => task.status === "running" || task.status === "waiting");
  const measuring = running?.kind === kind;
  const last = tasks.data?.tasks.find((task) => task.kind === kind);
  useInterval(tasks.refresh, running ? REFRESH_S : 0);
  useTaskEnd(tasks.data?.tasks, measuring, last, reload);
  const measure = async () => {
    try { await post(`models/${part(id)}/${path}`); toast(t("quality.measure.started")); }
    catch (error) { toastError(error); }
    tasks.reload();
  };
  const button = may("admin") && html`<button disabled=${Boolean(running)} onClick=${measure}>${t(value ? "quality.measure.again" : "quality.measure")}</button>`;
  return html`<${Card} title=${t(texts)} hint=${t(`${texts}.hint`)} aside=${button}>
    ${measuring && html`<${Running} task=${running} texts=${texts} />`}
    ${last?.status === "failed" && !value && html`<${Notice} icon="alert" title=${t("quality.measure.failed")}><span lang=${languageOf(last.note)}>${last.note}</span><//>`}
    ${value ? children : !measuring && html`<${Notice} icon="quality" title=${t("quality.measure.none")}>
      <p>${t(may("admin") ? `${texts}.how` : "quality.measure.role")}</p>
      <p class="fine">${t("quality.measure.command")} <code>${command}</code></p>
    <//>`}
  <//>`;
}

/** Show how long a measurement runs, and how much of it is done. */
function Running({ task, texts }) {
  const [, redraw] = useState(0);
  useInterval(() => redraw((n) => n + 1), 1);
  const { done, total, left_s: left } = task.progress ?? {};
  const passed = Math.max(0, Math.round(Date.now() / 1000 - task.started_at));
  return html`<div class="stack" role="status">
    <progress max=${total ?? 1} value=${done} aria-label=${t(texts)}></progress>
    <p>${t(`${texts}.running`, { n: passed })} ${Number.isFinite(left) && t("quality.measure.left", { n: Math.ceil(left) })}</p>
    ${task.note && html`<p class="fine" lang=${languageOf(task.note)}>${task.note}</p>`}
  </div>`;
}
