// Slices of an evaluation: lists of Daybreak against baselines, on questions that no weight has seen.
import { html } from "../lib.js";
import { formatFixed, formatNumber, formatTime, hasText, languageOf, t } from "../i18n.js";
import { Tag } from "../components/card.js";
import { Table } from "../components/table.js";
import { Measurement } from "./measurement.js";

const OWN = "daybreak", BEST_SELLERS = "popular", RANDOM = "random";
const VERDICT_KINDS = { better: "good", worse: "bad", helps: "good", hurts: "bad" };

/** Return a slice in words; of unknown ones what the server says. */
export function sliceText(row) {
  const mixed = row.slice.endsWith("_mixed");
  const name = mixed ? row.slice.slice(0, -"_mixed".length) : row.slice;
  const events = name.match(/^events_(\d+)$/);
  const label = events ? t("quality.slice.events", { n: Number(events[1]) }) : hasText(`quality.slice.${name}`) ? t(`quality.slice.${name}`) : row.label;
  return mixed ? t("quality.slice.mixed", { label }) : label;
}

export const signed = (value) => value === null || value === undefined ? "–" : `${value > 0 ? "+" : ""}${formatFixed(value)}`;
/** Return an interval of a difference. */
export const differenceText = (row) => Number.isFinite(row.difference_low) ? `${signed(row.difference_low)} … ${signed(row.difference_high)}` : signed(row.difference);
/** Show a verdict in a word. */
export const Verdict = ({ word }) => html`<${Tag} kind=${VERDICT_KINDS[word]}>${t(`quality.word.${word.replace(" ", "_")}`)}<//>`;

/** @param {{id: string, evaluation: object | null, reload: () => void}} props */
export function Slices({ id, evaluation, reload }) {
  return html`<${Measurement} id=${id} kind="evaluation" path="evaluation" texts="quality.slices" command="daybreak evaluate --keep" value=${evaluation} reload=${reload}>
    ${evaluation && html`<${Results} evaluation=${evaluation} />`}
  <//>`;
}

function Results({ evaluation }) {
  const rows = evaluation.slices.map((one) => ({ ...one, id: one.slice }));
  const highest = Math.max(...rows.flatMap((row) => Object.values(row.systems).flat()).filter(Number.isFinite), 1e-9);
  const value = (row, system) => row.systems[system]?.[0];
  const columns = [
    { key: "label", title: t("quality.slice"), cell: sliceText },
    { key: "picture", title: html`<span class="hidden">${t("quality.slices.picture")}</span>`, cell: (row) => html`<${Interval} row=${row} highest=${highest} />` },
    { key: "own", title: "Daybreak", number: true, cell: (row) => intervalText(row.systems[OWN]) },
    { key: "popular", title: t("quality.popular"), number: true, cell: (row) => formatFixed(value(row, BEST_SELLERS)) },
    { key: "random", title: t("quality.shop.random"), number: true, cell: (row) => formatFixed(value(row, RANDOM)) },
    { key: "difference", title: t("quality.interval"), number: true, cell: differenceText },
    { key: "verdict", title: t("quality.verdict"), cell: (row) => html`<${Verdict} word=${row.verdict} />` },
    ...(rows.some((row) => row.source_verdict) ? [{ key: "sources", title: t("quality.slices.sources"), cell: sourceCell }] : []),
    { key: "users", title: t("quality.slices.asked"), number: true, cell: (row) => formatNumber(row.users) },
  ];
  return html`
    <p class="legend"><span class="key">Daybreak</span><span class="key muted dashed">${t("quality.popular")}</span></p>
    <${Table} columns=${columns} rows=${rows} caption=${t("quality.slices")} />
    <p class="fine">${t("quality.shop.measured", { time: formatTime(evaluation.measured_at), events: evaluation.n_events, users: evaluation.n_users, n: Math.round(evaluation.seconds) })}</p>
    ${(evaluation.drift ?? []).map((one) => html`<p class="fine" lang=${languageOf(one.sentence)} key=${one.name}>${one.sentence}</p>`)}
    <details><summary>${t("quality.slices.protocol")}</summary>
      <dl class="protocols">${rows.map((row) => html`<div key=${row.slice}><dt>${sliceText(row)}</dt><dd lang=${languageOf(protocolText(row))}>${protocolText(row)}</dd></div>`)}</dl>
      ${evaluation.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
    </details>`;
}

/** Show what the sources give: the paired difference from the same settings without them. */
export const sourceCell = (row) => row.source_verdict && html`<${Verdict} word=${row.source_verdict} /> ${differenceText({ difference: row.source_gain, difference_low: row.source_gain_low, difference_high: row.source_gain_high })}`;

/** Return how a slice is measured; of unknown ones what the server says. */
function protocolText(row) {
  const name = row.slice.replace(/^events_\d+$/, "events");
  return hasText(`quality.protocol.${name}`) ? t(`quality.protocol.${name}`) : row.protocol;
}

const intervalText = ([value, low, high] = []) => Number.isFinite(low) ? `${formatFixed(value)} (${formatFixed(low)} – ${formatFixed(high)})` : formatFixed(value);

/** Draw the interval of Daybreak, its value, and that of the best sellers. */
function Interval({ row, highest }) {
  const at = (value) => `${(100 * Math.max(0, value ?? 0)) / highest}%`;
  const [own, low, high] = row.systems[OWN] ?? [];
  return html`<span class="interval" aria-hidden="true">
    ${Number.isFinite(low) && html`<span class="band" style=${{ left: at(low), width: at(high - low) }}></span>`}
    <span class="own" style=${{ left: at(own) }}></span>
    <span class="base" style=${{ left: at(row.systems[BEST_SELLERS]?.[0]) }}></span>
  </span>`;
}
