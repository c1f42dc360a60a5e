// Curves and time series, drawn by uPlot, which is loaded with the first chart.
import { colourOf } from "../colour.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { formatNumber, language, t, useTexts } from "../i18n.js";
import { Table } from "./table.js";

let library = null;
function loadPlot() {
  library ??= new Promise((resolve, reject) => {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("../../vendor/uplot.css", import.meta.url).href });
    const script = Object.assign(document.createElement("script"), { src: new URL("../../vendor/uplot.js", import.meta.url).href });
    script.onload = () => resolve(globalThis.uPlot);
    script.onerror = () => reject(new Error("uplot.js"));
    document.head.append(sheet, script);
  });
  return library;
}

const DAY_S = 86_400;
const dark = matchMedia("(prefers-color-scheme: dark)");
const colour = colourOf;

/**
 * Show curves over numbers or times. The same values are there as a table.
 *
 * @param {{
 *   title: string, x: number[], xTitle: string, time?: boolean, height?: number, log?: boolean,
 *   format?: (y: number) => string, marks?: {x: number, text: string}[], fromZero?: boolean,
 *   series: {name: string, y: (number | null)[], low?: number[], high?: number[], tone?: string, dashed?: boolean, points?: boolean}[],
 * }} props `x` in epoch seconds if `time`; `low` and `high` are ends of intervals; `tone` is the
 *   name of a colour (`accent`, `tone-2` to `tone-6`, `muted`)
 */
export function Chart(props) {
  useTexts();
  const { title, x, series, xTitle, format = formatNumber, height = 220 } = props;
  const frame = useRef(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let plot = null;
    let alive = true;
    const draw = (uPlot) => {
      if (!alive || !frame.current) return;
      plot?.destroy();
      plot = new uPlot(options(uPlot, props, format, frame.current.clientWidth, height), values(props), frame.current);
    };
    const redraw = () => loadPlot().then(draw, () => setFailed(true));
    redraw();
    const resized = new ResizeObserver(() => plot && frame.current && plot.setSize({ width: frame.current.clientWidth, height }));
    resized.observe(frame.current);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    dark.addEventListener("change", redraw);
    return () => {
      alive = false;
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", redraw);
      plot?.destroy();
    };
  }, [JSON.stringify([x, series, props.marks]), language.value, height]);
  const cell = (one, index) => one.y[index] === null || one.y[index] === undefined ? "–"
    : one.low ? `${format(one.y[index])} (${format(one.low[index])} – ${format(one.high[index])})` : format(one.y[index]);
  const rows = x.map((value, index) => ({ id: index, value, index }));
  const columns = [
    { key: "x", title: xTitle, number: !props.time, cell: (row) => props.time ? dateOf(row.value) : formatNumber(row.value) },
    ...series.map((one) => ({ key: one.name, title: one.name, number: true, cell: (row) => cell(one, row.index) })),
  ];
  return html`<figure class="chart">
    <figcaption>
      <span class="strong">${title}</span>
      <span class="legend">${series.length > 1 && series.map((one, index) => html`<span key=${one.name} class=${`key ${toneOf(one, index)}${one.dashed ? " dashed" : ""}`}>${one.name}</span>`)}</span>
    </figcaption>
    <div ref=${frame} class="plot" role="img" aria-label=${title} style=${{ minHeight: `${height}px` }}>${failed && t("common.error")}</div>
    <details class="as-table"><summary>${t("common.as_table")}</summary><${Table} caption=${title} columns=${columns} rows=${rows} /></details>
  </figure>`;
}

const dateOf = (seconds) => new Intl.DateTimeFormat(language.value, { dateStyle: "medium" }).format(new Date(seconds * 1000));
const toneOf = (one, index) => one.tone ?? (index === 0 ? "accent" : `tone-${Math.min(index + 1, 6)}`);

/** Return the columns of uPlot: x, then of each series the value and the ends of its interval. */
function values({ x, series }) {
  return [x, ...series.flatMap((one) => one.low ? [one.y, one.high, one.low] : [one.y])];
}

function options(uPlot, { x, series, time, xTitle, marks, fromZero = true, log }, format, width, height) {
  const ink = colour("muted"), grid = { stroke: colour("line"), width: 1 };
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const lines = [{ label: xTitle, value: (_, value) => value === null ? "" : time ? dateOf(value) : formatNumber(value) }];
  const bands = [];
  series.forEach((one, index) => {
    const stroke = colour(toneOf(one, index));
    const points = { show: one.points ?? one.y.filter(Number.isFinite).length < 24, size: 6, fill: colour("card"), width: 2 };
    lines.push({ label: one.name, stroke, width: 2.5, dash: one.dashed ? [6, 5] : undefined, points, spanGaps: true, value: (_, value) => format(value) });
    if (one.low) {
      const at = lines.length;
      const edge = { stroke: "transparent", points: { show: false } };
      lines.push({ ...edge, label: `${one.name} ≤` }, { ...edge, label: `${one.name} ≥` });
      bands.push({ series: [at, at + 1], fill: `color-mix(in srgb, ${stroke} 16%, transparent)` });
    }
  });
  return {
    width, height, series: lines, bands,
    legend: { show: false },
    cursor: { y: false, points: { size: 8 } },
    scales: {
      x: { time: Boolean(time), distr: log ? 3 : 1 },
      y: { range: (_, low, high) => low === null ? [0, 1] : [fromZero ? Math.min(0, low) : low - (high - low) * 0.1, high + (high - (fromZero ? 0 : low) || 1) * 0.08] },
    },
    axes: [
      { stroke: ink, grid: { show: false }, ticks: { show: false }, font, size: 28, space: 76, values: time ? (_, splits, __, ___, step) => timeLabels(splits, step) : (_, splits) => splits.map((split) => split === null ? "" : formatNumber(split)) },
      { stroke: ink, grid, ticks: { show: false }, font, size: 56, values: (_, splits) => splits.map((split) => split === null ? "" : format(split)) },
    ],
    plugins: [tooltip(series, time, format), ...(marks?.length ? [markers(marks)] : [])],
  };
}

/** Return labels of times in the language of the page; the year is told where it begins. */
function timeLabels(splits, step) {
  let year = null;
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const begins = date.getFullYear() !== year;
    year = date.getFullYear();
    const parts = step >= 300 * DAY_S ? { year: "numeric" }
      : step >= 27 * DAY_S ? { month: "short", ...(begins && { year: "numeric" }) }
        : step >= DAY_S ? { day: "numeric", month: "short" } : { hour: "numeric", minute: "2-digit" };
    return new Intl.DateTimeFormat(language.value, parts).format(date);
  });
}

/** Return a plug-in that shows the values under the pointer. */
function tooltip(series, time, format) {
  let box;
  return { hooks: {
    init: (plot) => {
      box = document.createElement("div");
      box.className = "tip";
      box.hidden = true;
      plot.over.append(box);
      plot.over.addEventListener("mouseleave", () => { box.hidden = true; });
    },
    setCursor: (plot) => {
      const { idx, left } = plot.cursor;
      if (idx === null || idx === undefined || left < 0) { box.hidden = true; return; }
      const head = document.createElement("strong");
      head.textContent = time ? dateOf(plot.data[0][idx]) : formatNumber(plot.data[0][idx]);
      let column = 1;
      const lines = series.map((one) => {
        const line = document.createElement("span");
        line.textContent = `${one.name}: ${format(plot.data[column][idx])}`;
        column += one.low ? 3 : 1;
        return line;
      });
      box.replaceChildren(head, ...lines);
      box.hidden = false;
      const right = left > plot.over.clientWidth / 2;
      box.style.left = right ? "" : `${left + 12}px`;
      box.style.right = right ? `${plot.over.clientWidth - left + 12}px` : "";
    },
  } };
}

/** Return a plug-in that marks places on the x axis. */
function markers(marks) {
  return { hooks: { draw: (plot) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("accent");
    ctx.font = `${12 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    for (const mark of marks) {
      const at = plot.valToPos(mark.x, "x", true);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      ctx.textAlign = at > bbox.left + bbox.width * 0.7 ? "right" : "left";
      ctx.fillText(mark.text, at + (ctx.textAlign === "right" ? -6 : 6) * devicePixelRatio, bbox.top + 14 * devicePixelRatio);
    }
    ctx.restore();
  } } };
}
