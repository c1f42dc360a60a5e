// The warm-up curve of the shop: how good lists are by the number of users that it has learned from.
import { html } from "../lib.js";
import { formatFixed, formatNumber, formatPercent, formatTime, languageOf, t } from "../i18n.js";
import { Figure } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Table } from "../components/table.js";
import { Measurement } from "./measurement.js";
import { differenceText, sourceCell, Verdict } from "./slices.js";

const SYSTEM = "daybreak";
const BASELINES = ["popular", "random"];

/** @param {{id: string, curve: object | null, reload: () => void}} props `id` of the release; `curve` as the report of the release has it */
export function ShopWarmUp({ id, curve, reload }) {
  return html`<${Measurement} id=${id} kind="shop_curve" path="shop-curve" texts="quality.shop" command="daybreak evaluate --shop-curve" value=${curve} reload=${reload}>
    ${curve && html`<${Curve} curve=${curve} />`}
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
  const columns = [
    { key: "users", title: t("quality.shop.users"), number: true, cell: (row) => formatNumber(row.users) },
    { key: "events", title: t("quality.events"), number: true, cell: (row) => formatNumber(row.events) },
    { key: "queries", title: t("quality.shop.asked"), number: true, cell: (row) => formatNumber(row.queries) },
    { key: "value", title: "Daybreak", number: true, cell: interval },
    { key: "popular", title: t("quality.popular"), number: true, cell: of("popular") },
    { key: "random", title: t("quality.shop.random"), number: true, cell: of("random") },
    { key: "difference", title: t("quality.interval"), number: true, cell: differenceText },
    { key: "verdict", title: t("quality.verdict"), cell: (row) => html`<${Verdict} word=${row.verdict} />` },
    ...(rows.some((row) => row.source_verdict) ? [{ key: "sources", title: t("quality.slices.sources"), cell: sourceCell }] : []),
  ];
  return html`<details class="as-table"><summary>${t("quality.shop.table")}</summary><${Table} columns=${columns} rows=${rows} caption=${t("quality.shop.table")} /></details>`;
}
