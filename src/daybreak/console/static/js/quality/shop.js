// The warm-up curve of the shop: how good lists are by the number of users that it has learned from.
import { html, useEffect, useRef, useState } from "../lib.js";
import { formatFixed, formatNumber, formatPercent, formatTime, languageOf, t, useTexts } from "../i18n.js";
import { get, may, part, post } from "../api.js";
import { useInterval, useLoaded } from "../load.js";
import { Card, Figure, Tag } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Notice } from "../components/problem.js";
import { Table } from "../components/table.js";
import { toast, toastError } from "../components/toast.js";

const KIND = "shop_curve";
const REFRESH_S = 2;
const SYSTEM = "daybreak";
const BASELINES = ["popular", "random"];
const VERDICT_KINDS = { better: "good", worse: "bad" };

/** @param {{id: string, curve: object | null, reload: () => void}} props `id` of the release; `curve` as the report of the release has it */
export function ShopWarmUp({ id, curve, reload }) {
  useTexts();
  const tasks = useLoaded((signal) => get("tasks", {}, { signal }));
  const running = tasks.data?.tasks.find((task) => task.status === "running" || task.status === "waiting");
  const measuring = running?.kind === KIND;
  const last = tasks.data?.tasks.find((task) => task.kind === KIND);
  const wasMeasuring = useRef(false);
  useInterval(tasks.reload, running ? REFRESH_S : 0);
  useEffect(() => {
    if (wasMeasuring.current && !measuring) reload();
    wasMeasuring.current = measuring;
  }, [measuring]);
  const measure = async () => {
    try { await post(`models/${part(id)}/shop-curve`); toast(t("quality.shop.started")); }
    catch (error) { toastError(error); }
    tasks.reload();
  };
  const button = may("admin") && html`<button disabled=${Boolean(running)} onClick=${measure}>${t(curve ? "quality.shop.again" : "quality.shop.measure")}</button>`;
  return html`<${Card} title=${t("quality.shop")} hint=${t("quality.shop.hint")} aside=${button}>
    ${measuring && html`<${Measuring} task=${running} />`}
    ${last?.status === "failed" && !curve && html`<${Notice} icon="alert" title=${t("quality.shop.failed")}><span lang=${languageOf(last.note)}>${last.note}</span><//>`}
    ${curve ? html`<${Curve} curve=${curve} />` : !measuring && html`<${Missing} />`}
  <//>`;
}

/** Show how long a measurement runs, and how much of it is done. */
function Measuring({ task }) {
  const [, redraw] = useState(0);
  useInterval(() => redraw((n) => n + 1), 1);
  const { done, total, left_s: left } = task.progress ?? {};
  const passed = Math.max(0, Math.round(Date.now() / 1000 - task.started_at));
  return html`<div class="stack" role="status">
    <progress max=${total ?? 1} value=${done} aria-label=${t("quality.shop")}></progress>
    <p>${t("quality.shop.running", { n: passed })} ${Number.isFinite(left) && t("quality.shop.left", { n: Math.ceil(left) })}</p>
    ${task.note && html`<p class="fine" lang=${languageOf(task.note)}>${task.note}</p>`}
  </div>`;
}

function Missing() {
  return html`<${Notice} icon="quality" title=${t("quality.shop.none")}>
    <p>${t(may("admin") ? "quality.shop.none.how" : "quality.shop.none.role")}</p>
    <p class="fine">${t("quality.shop.none.command")} <code>daybreak evaluate --shop-curve</code></p>
  <//>`;
}

function Curve({ curve }) {
  const at = (system, events) => (users) => curve.points.find((one) => one.system === system && one.users === users && one.events === events);
  const sizes = [...new Set(curve.points.map((one) => one.users))].sort((a, b) => a - b);
  const counts = [...new Set(curve.points.map((one) => one.events))].sort((a, b) => a - b);
  const line = (name, points, more) => ({ name, y: points.map((one) => one?.value ?? null), ...more });
  const band = (points) => points.every((one) => Number.isFinite(one?.low)) ? { low: points.map((one) => one.low), high: points.map((one) => one.high) } : {};
  const few = sizes.map(at(SYSTEM, counts[0])), many = sizes.map(at(SYSTEM, counts.at(-1)));
  const series = [
    line(t("quality.shop.line", { n: counts[0] }), few, band(few)),
    ...(counts.length > 1 ? [line(t("quality.shop.line", { n: counts.at(-1) }), many, { tone: "tone-2", ...band(many) })] : []),
    line(t("quality.popular"), sizes.map(at(BASELINES[0], counts[0])), { tone: "muted", dashed: true }),
  ];
  const ends = [few[0], few.length > 1 ? few.at(-1) : null].filter(Boolean);
  return html`
    <dl class="figures">${ends.map((one) => html`<${Figure} key=${one.users} label=${t("quality.shop.at", { n: one.users })} value=${formatFixed(one.value)} note=${against(one, at(BASELINES[0], one.events)(one.users))} />`)}</dl>
    <${Chart} title=${t("quality.shop.curve")} xTitle=${t("quality.shop.users")} log x=${sizes} series=${series} format=${(value) => formatNumber(value, 2)} height=${280} />
    <${Points} curve=${curve} at=${at} />
    ${curve.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
    <p class="fine">${t("quality.shop.measured", { time: formatTime(curve.measured_at), events: curve.n_events, users: curve.n_users, n: Math.round(curve.seconds) })}</p>
    <details><summary>${t("quality.shop.protocol")}</summary><ol class="protocol">${[1, 2, 3, 4].map((n) => html`<li key=${n}>${t(`quality.shop.protocol.${n}`)}</li>`)}</ol></details>`;
}

/** Say how a point compares with the best sellers. */
function against(point, popular) {
  if (!popular) return null;
  const values = { popular: formatFixed(popular.value), gain: formatPercent(Math.abs(point.value / popular.value - 1), 0) };
  return point.verdict === "tied" || !popular.value ? t("quality.shop.tied", values) : t(`quality.shop.${point.verdict}`, values);
}

function Points({ curve, at }) {
  const rows = curve.points.filter((one) => one.system === SYSTEM).map((one) => ({ ...one, id: `${one.users}/${one.events}` }));
  const of = (system) => (row) => formatFixed(at(system, row.events)(row.users)?.value);
  const interval = (row) => Number.isFinite(row.low) ? `${formatFixed(row.value)} (${formatFixed(row.low)} – ${formatFixed(row.high)})` : formatFixed(row.value);
  const difference = (row) => Number.isFinite(row.difference_low) ? `${signed(row.difference_low)} … ${signed(row.difference_high)}` : signed(row.difference);
  const columns = [
    { key: "users", title: t("quality.shop.users"), number: true, cell: (row) => formatNumber(row.users) },
    { key: "events", title: t("quality.events"), number: true, cell: (row) => formatNumber(row.events) },
    { key: "queries", title: t("quality.shop.asked"), number: true, cell: (row) => formatNumber(row.queries) },
    { key: "value", title: "Daybreak", number: true, cell: interval },
    { key: "popular", title: t("quality.popular"), number: true, cell: of("popular") },
    { key: "random", title: t("quality.shop.random"), number: true, cell: of("random") },
    { key: "difference", title: t("quality.interval"), number: true, cell: difference },
    { key: "verdict", title: t("quality.verdict"), cell: (row) => html`<${Tag} kind=${VERDICT_KINDS[row.verdict]}>${t(`quality.word.${row.verdict}`)}<//>` },
  ];
  return html`<details class="as-table"><summary>${t("quality.shop.table")}</summary><${Table} columns=${columns} rows=${rows} caption=${t("quality.shop.table")} /></details>`;
}
const signed = (value) => value === null || value === undefined ? "–" : `${value > 0 ? "+" : ""}${formatFixed(value)}`;
