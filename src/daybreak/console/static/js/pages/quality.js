// Quality: what simulated cold starts measured for a release, and why its strategies stayed or left.
import { html, useState } from "../lib.js";
import { formatFixed, formatNumber, formatPercent, formatTime, languageOf, t, useTexts } from "../i18n.js";
import { get, part } from "../api.js";
import { useLoaded } from "../load.js";
import { href } from "../router.js";
import { Card, Figure, PageHead, Tag } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Field } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Table } from "../components/table.js";
import { ShopWarmUp } from "../quality/shop.js";
import { Slices, signed, sliceText } from "../quality/slices.js";

const RELEASES_IN_HISTORY = 8;
const QUALITY = "ndcg@10";
const NEW_USER_EVENTS = 10; // questions about users with more events are other ones: what known users take next
const EDGE = 1.96; // standard errors from the value to the end of a 95 % interval

export default function Quality({ route }) {
  useTexts();
  const models = useLoaded((signal) => get("models", {}, { signal }));
  const [chosen, setChosen] = useState(route.query.get("release"));
  const releases = models.data?.models ?? [];
  const id = releases.some((one) => one.id === chosen) ? chosen : (releases.find((one) => one.active) ?? releases[0])?.id;
  const choice = releases.length > 1 && html`<${Field} label=${t("quality.release")}>
    ${(a) => html`<select ...${a} value=${id} onChange=${(event) => setChosen(event.target.value)}>
      ${releases.map((one) => html`<option key=${one.id} value=${one.id}>${formatTime(one.created_at)}${one.active ? ` · ${t("quality.active")}` : ""}</option>`)}
    </select>`}<//>`;
  return html`<div class="page-quality stack">
    <${PageHead} title=${t("common.page.quality")} lead=${t("quality.lead")}>${choice}<//>
    ${models.error && html`<${Problem} error=${models.error} retry=${models.reload} />`}
    ${models.data && !id && html`<${Notice} icon="quality" title=${t("quality.none")}><a href=${href("data")}>${t("quality.none.next")}</a><//>`}
    ${id && html`<${Report} key=${id} id=${id} />`}
    ${releases.length > 1 && html`<${History} releases=${releases.slice(0, RELEASES_IN_HISTORY)} />`}
    ${id && html`<${Protocol} />`}
  </div>`;
}

function Report({ id }) {
  const { data, error, reload } = useLoaded((signal) => get(`models/${part(id)}/report`, {}, { signal }), [id]);
  if (error) return html`<${Problem} error=${error} retry=${reload} />`;
  if (!data) return html`<${Notice} busy>${t("common.loading")}<//>`;
  const levels = data.report.levels ?? [];
  const measured = levels.filter((level) => level.queries > 0);
  return html`
    <div class="warm-ups">
      ${measured.length ? html`<${WarmUp} levels=${measured} newItems=${data.report.new_items ?? []} />`
    : html`<${Notice} icon="quality" title=${t("quality.small")}>${t("quality.small.text")}<//>`}
      <${ShopWarmUp} id=${id} curve=${data.shop_curve} reload=${reload} />
    </div>
    <${Slices} id=${id} evaluation=${data.evaluation} reload=${reload} />
    <${Weights} levels=${levels} strategies=${data.strategies} />
    <${Verdicts} candidates=${data.report.candidates ?? {}} levels=${levels} />
    <div class="grid">
      <${Wishes} wishes=${data.report.wishes ?? []} repeats=${data.report.repeats ?? []} />
      <${Gate} gate=${data.gate} />
    </div>`;
}

function WarmUp({ levels: all, newItems }) {
  const levels = all.filter((one) => one.events <= NEW_USER_EVENTS);
  const known = all.filter((one) => one.events > NEW_USER_EVENTS);
  if (!levels.length) return html`<${Known} known=${known} />`;
  const content = bestContent(levels);
  const error = (level) => EDGE * (level.error ?? 0);
  const series = [
    { name: "Daybreak", y: levels.map((one) => one[QUALITY]), low: levels.map((one) => one[QUALITY] - error(one)), high: levels.map((one) => one[QUALITY] + error(one)) },
    { name: t("quality.popular"), y: levels.map((one) => one.alone?.popular ?? null), tone: "muted", dashed: true },
    ...(content ? [{ name: t("quality.content"), y: levels.map((one) => one.alone?.[content] ?? null), tone: "tone-2", dashed: true }] : []),
  ];
  const few = levels.find((one) => one.events === 0) ?? levels[0];
  const ten = levels.find((one) => one.events === 10) ?? levels.at(-1);
  return html`<${Card} title=${t("quality.users")} hint=${t("quality.users.hint")}>
    <dl class="figures">
      <${Figure} label=${t("quality.at", { n: few.events })} value=${formatFixed(few[QUALITY])} note=${against(few)} />
      <${Figure} label=${t("quality.at", { n: ten.events })} value=${formatFixed(ten[QUALITY])} note=${against(ten)} />
      ${newItems.length > 0 && html`<${Figure} label=${t("quality.new_items")} value=${formatFixed(newItems.at(-1)[QUALITY])} note=${t("quality.new_items.note", { n: newItems.at(-1).events })} />`}
    </dl>
    <${Chart} title=${t("quality.curve")} xTitle=${t("quality.events")} x=${levels.map((one) => one.events)} series=${series} format=${(value) => formatNumber(value, 2)} height=${280} />
    ${known.length > 0 && html`<h3>${t("quality.known")}</h3><${Known} known=${known} />`}
  <//>`;
}
/** Show what known users take next. */
function Known({ known }) {
  const columns = [
    { key: "events", title: t("quality.events"), number: true, cell: (row) => formatNumber(row.events) },
    { key: "popular", title: t("quality.popular"), number: true, cell: (row) => formatFixed(row.alone?.popular) },
    { key: "own", title: "Daybreak", number: true, cell: (row) => `${formatFixed(row[QUALITY])} ± ${formatFixed(EDGE * (row.error ?? 0))}` },
  ];
  return html`<${Table} columns=${columns} rows=${known} rowKey=${(row) => row.events} caption=${t("quality.known")} />`;
}
const against = (level) => {
  const popular = level.alone?.popular;
  return popular && level[QUALITY] >= popular ? t("quality.against", { popular: formatFixed(popular), gain: formatPercent(level[QUALITY] / popular - 1, 0) }) : null;
};
/** Return the strategy of content that is best on average. */
function bestContent(levels) {
  const sums = {};
  for (const level of levels) {
    for (const [name, value] of Object.entries(level.alone ?? {})) {
      if (name.startsWith("content")) sums[name] = (sums[name] ?? 0) + (value ?? 0);
    }
  }
  return Object.keys(sums).sort((a, b) => sums[b] - sums[a])[0];
}

function Weights({ levels, strategies }) {
  const names = strategies.map((one) => one.name).filter((name) => levels.some((level) => level.weights?.[name] > 0));
  const total = (level) => names.reduce((sum, name) => sum + (level.weights?.[name] ?? 0), 0) || 1;
  const share = (level, name) => (level.weights?.[name] ?? 0) / total(level);
  if (!names.length) return null;
  const rows = names.map((name) => ({ id: name, name }));
  const columns = [
    { key: "name", title: t("quality.strategy"), cell: (row) => html`<code>${row.name}</code>` },
    ...levels.map((level) => ({
      key: String(level.events), title: formatNumber(level.events), number: true,
      cell: (row) => html`<${Heat} value=${share(level, row.name)} />`,
    })),
  ];
  return html`<${Card} title=${t("quality.weights")} hint=${t("quality.weights.hint")}>
    <${Table} columns=${columns} rows=${rows} caption=${t("quality.weights")} />
  <//>`;
}
/** Show a share: the stronger the colour, the larger it is. */
function Heat({ value }) {
  const strength = Math.round(Math.min(value * 1.6, 0.6) * 100);
  return html`<span class="heat" style=${{ background: `color-mix(in srgb, var(--accent) ${strength}%, transparent)` }}>${value === 0 ? "–" : value < 0.005 ? `<${formatPercent(0.01, 0)}` : formatPercent(value, 0)}</span>`;
}

function Verdicts({ candidates, levels }) {
  const used = (name) => levels.filter((level) => level.weights?.[name] > 0).map((level) => formatNumber(level.events));
  const best = (name) => Math.max(...levels.map((level) => level.alone?.[name] ?? 0));
  if (!Object.keys(candidates).length) return null;
  const rows = Object.entries(candidates).map(([id, one]) => ({ id, ...one, used: used(id), best: best(id) }));
  const columns = [
    { key: "id", title: t("quality.strategy"), cell: (row) => html`<code>${row.id}</code>` },
    { key: "verdict", title: t("quality.verdict"), cell: (row) => html`<${Verdict} row=${row} />` },
    { key: "best", title: t("quality.alone"), number: true, cell: (row) => formatFixed(row.best) },
    { key: "seconds", title: t("quality.seconds"), number: true, cell: (row) => formatFixed(row.seconds, 1) },
  ];
  return html`<${Card} title=${t("quality.verdicts")} hint=${t("quality.verdicts.hint")}>
    <${Table} columns=${columns} rows=${rows} caption=${t("quality.verdicts")} />
  <//>`;
}
function Verdict({ row }) {
  if (row.left_out) return html`<${Tag}>${t("quality.left")}<//> <span class="fine" lang=${languageOf(row.left_out)}>${row.left_out}</span>`;
  if (row.used.length) return html`<${Tag} kind="good">${t("quality.stayed")}<//> <span class="fine">${t("quality.used_at", { levels: row.used.join(", ") })}</span>`;
  return html`<${Tag}>${t("quality.other")}<//> <span class="fine">${t("quality.other.text")}</span>`;
}

function Wishes({ wishes, repeats }) {
  const line = (list) => list.map((one) => ({ id: one.events, ...one }));
  const columns = [
    { key: "events", title: t("quality.events"), number: true, cell: (row) => formatNumber(row.events) },
    { key: "without", title: t("quality.without"), number: true, cell: (row) => formatFixed(row.without) },
    { key: "with", title: t("quality.with"), number: true, cell: (row) => formatFixed(row[QUALITY]) },
  ];
  return html`<${Card} title=${t("quality.wishes")} hint=${t("quality.wishes.hint")}>
    <h3>${t("quality.sentences")}</h3><${Table} columns=${columns} rows=${line(wishes)} caption=${t("quality.sentences")} empty=${t("quality.not_measured")} />
    <h3>${t("quality.repeats")}</h3><${Table} columns=${columns} rows=${line(repeats)} caption=${t("quality.repeats")} empty=${t("quality.not_measured")} />
  <//>`;
}

const WORD_KINDS = { better: "good", worse: "bad" };
function Gate({ gate }) {
  if (!gate) return html`<${Card} title=${t("quality.gate")}><p class="muted">${t("quality.gate.none")}</p><//>`;
  const interval = (row) => `${signed(row.low)} … ${signed(row.high)}`;
  const columns = [
    { key: "label", title: t("quality.slice"), cell: sliceText },
    { key: "old", title: t("quality.before"), number: true, cell: (row) => formatFixed(row.old) },
    { key: "new", title: t("quality.after"), number: true, cell: (row) => formatFixed(row.new) },
    { key: "interval", title: t("quality.interval"), number: true, cell: interval },
    { key: "word", title: t("quality.verdict"), cell: (row) => html`<${Tag} kind=${WORD_KINDS[row.word]}>${t(`quality.word.${row.word.replace(" ", "_")}`)}<//>` },
  ];
  const verdict = gate.forced ? "forced" : gate.passed ? "passed" : "refused";
  return html`<${Card} title=${t("quality.gate")} hint=${t(`quality.gate.${verdict}`)}>
    <${Table} columns=${columns} rows=${gate.slices} rowKey=${(row) => row.slice} caption=${t("quality.gate")} />
    ${gate.notes.map((note) => html`<p class="fine" lang=${languageOf(note)} key=${note}>${note}</p>`)}
  <//>`;
}

/** Show the quality of the last releases; one that cannot be read is left out. */
function History({ releases }) {
  const ids = releases.map((one) => one.id);
  const { data, error, reload } = useLoaded(
    (signal) => Promise.all(releases.map((one) => get(`models/${part(one.id)}/report`, {}, { signal }).then(
      (answer) => ({ at: one.created_at, levels: answer.report.levels ?? [] }),
      (failure) => { if (failure.name === "AbortError") throw failure; return null; },
    ))), ids);
  if (error) return html`<${Problem} error=${error} retry=${reload} />`;
  const read = (data ?? []).filter(Boolean).reverse();
  if (read.length < 2) return null;
  const at = (events) => read.map((one) => one.levels.find((level) => level.events === events)?.[QUALITY] ?? null);
  const series = [0, 3, 10].map((n) => ({ name: t("quality.at", { n }), y: at(n), points: true }));
  return html`<${Card} title=${t("quality.history")} hint=${t("quality.history.hint")}>
    <${Chart} title=${t("quality.history")} xTitle=${t("quality.release")} time x=${read.map((one) => one.at)} series=${series} format=${(value) => formatNumber(value, 2)} />
  <//>`;
}

function Protocol() {
  return html`<${Card} title=${t("quality.protocol")}>
    <ol class="protocol">${[1, 2, 3, 4, 5].map((n) => html`<li key=${n}>${t(`quality.protocol.${n}`)}</li>`)}</ol>
  <//>`;
}
