// How a person becomes known: what the list was made of after each step, and the measured curve.
import { html } from "../lib.js";
import { formatNumber, formatPercent, t } from "../i18n.js";
import { get } from "../api.js";
import { useLoaded } from "../load.js";
import { Card, Tag } from "../components/card.js";
import { EVIDENCE } from "./request.js";

/**
 * Show the warm-up of a person.
 * @param {{steps: object[], history: object[], temperature: string, nEvents: number}} props `history`
 *   has the shares of evidence after each step
 */
export function WarmUp({ history, temperature, nEvents }) {
  const names = EVIDENCE.filter((name) => history.some((one) => one && one[name] > 0.005));
  const latest = history[history.length - 1];
  const summary = latest ? names.map((name) => `${t(`try.evidence.${name}`)} ${formatPercent(latest[name], 0)}`).join(", ") : "";
  return html`<${Card} title=${t("try.warmup")} class="warmup"
      aside=${temperature && html`<${Tag} kind=${temperature}>${t(`try.person.${temperature}`)}<//>`}>
    <p class="muted">${t("try.warmup.hint")}</p>
    <div class="columns" role=${latest && "img"} aria-label=${latest && summary}>
      ${history.map((one, step) => html`<div key=${step} class="column">
        <div class="column-parts">${EVIDENCE.map((name) => html`<span key=${name} class=${`part ${name}`} style=${{ flexGrow: one ? one[name] : 0 }}></span>`)}</div>
        <span class="fine">${step}</span></div>`)}
    </div>
    <p class="legend">${names.map((name) => html`<span key=${name} class=${`dot ${name}`}>${t(`try.evidence.${name}`)}${latest ? ` ${formatPercent(latest[name], 0)}` : ""}</span>`)}</p>
    <${MeasuredCurve} nEvents=${nEvents} />
  <//>`;
}

/** Show the curve that the release was measured at, and where this person is on it. */
function MeasuredCurve({ nEvents }) {
  const { data } = useLoaded((signal) => get("status", {}, { signal }), []);
  const levels = Object.entries(data?.model_metric ?? {})
    .map(([name, value]) => ({ events: Number(name.split("_").pop()), value }))
    .filter((level) => Number.isFinite(level.events) && level.value !== null)
    .sort((a, b) => a.events - b.events);
  if (levels.length < 2) return null;
  const width = 320, height = 96, top = 14, bottom = 20, side = 14;
  const highest = Math.max(...levels.map((level) => level.value)) || 1;
  const x = (index) => side + (index * (width - 2 * side)) / (levels.length - 1);
  const y = (value) => top + (1 - value / highest) * (height - top - bottom);
  const at = placeOf(levels, nEvents);
  const path = levels.map((level, index) => `${index ? "L" : "M"}${x(index).toFixed(1)} ${y(level.value).toFixed(1)}`).join(" ");
  return html`<figure class="curve">
    <svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${t("try.curve.label", { n: nEvents, value: formatNumber(at.value, 3) })}>
      <path class="area" d=${`${path} L${x(levels.length - 1)} ${height - bottom} L${x(0)} ${height - bottom}z`} />
      <path class="line" d=${path} />
      ${levels.map((level, index) => html`<text key=${level.events} x=${x(index)} y=${height - 4}>${level.events}</text>`)}
      <g class="here" style=${{ transform: `translate(${x(at.index)}px, ${y(at.value)}px)` }}><circle r="9" class="halo" /><circle r="4.500" /></g>
    </svg>
    <figcaption class="fine">${t("try.curve", { n: nEvents, value: formatNumber(at.value, 3) })}</figcaption>
  </figure>`;
}

/** Return the place on a curve between the measured levels. */
function placeOf(levels, n) {
  const next = levels.findIndex((level) => level.events >= n);
  if (next === 0) return { index: 0, value: levels[0].value };
  if (next < 0) return { index: levels.length - 1, value: levels[levels.length - 1].value };
  const [a, b] = [levels[next - 1], levels[next]];
  const share = (n - a.events) / (b.events - a.events);
  return { index: next - 1 + share, value: a.value + share * (b.value - a.value) };
}
