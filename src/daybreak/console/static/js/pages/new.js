// New item: what Daybreak expects of it before it is published, and how it warms up afterwards.
import { Fragment, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { formatNumber, formatPercent, formatTime, useTexts } from "../i18n.js";
import { call, get, may, part, post } from "../api.js";
import { useInterval, useLoaded, useSettled } from "../load.js";
import { go, href } from "../router.js";
import { keep, kept } from "../store.js";
import { Card, Figure, PageHead, Tag } from "../components/card.js";
import { Chart } from "../components/chart.js";
import { Field } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { reasonText } from "../components/reasons.js";
import { Picture } from "../components/picture.js";
import { Scatter } from "../components/scatter.js";
import { Snippet, toCurl } from "../components/snippet.js";
import { titleOf } from "../components/combobox.js";
import { toast } from "../components/toast.js";
import { loadMap, looksOf, placesOf } from "../map/data.js";

const SETTLE_MS = 300;
const REFRESH_S = 3;
const MAX_PICTURE_BYTES = 300_000;
const PICTURE_TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const EMPTY = { title: "", text: "", category: "", price: "", id: "", image: "" };
const MAX_REMEMBERED = 8;

export default function NewItemPage({ route }) {
  const [id] = route.rest;
  return id ? html`<${Timeline} key=${id} id=${id} />` : html`<${Draft} title=${route.query.get("title") ?? ""} />`;
}

function Draft({ title }) {
  const t = useTexts();
  const [item, setItem] = useState({ ...EMPTY, title });
  const change = (fields) => setItem((now) => ({ ...now, ...fields }));
  const text = useSettled([item.title, item.text, item.category].map((one) => one.trim()).filter(Boolean).join(". "), SETTLE_MS);
  return html`<div class="page-new stack">
    <${PageHead} title=${t("common.page.new")} lead=${t("new.lead")} />
    <div class="new-grid">
      <div class="stack"><${Form} item=${item} onChange=${change} /><${Published} /></div>
      ${text ? html`<${Forecast} text=${text} item=${item} />` : html`<${Notice} icon="new" title=${t("new.begin")}>${t("new.begin.hint")}<//>`}
    </div>
  </div>`;
}

/** Show the fields of an item; `onChange` gets the changed ones: others may change while a picture is read. */
function Form({ item, onChange }) {
  const t = useTexts();
  const [error, setError] = useState(null);
  const [pictureError, setPictureError] = useState("");
  const id = item.id.trim() || slugOf(item.title);
  const row = rowOf(item);
  const set = (name) => (event) => onChange({ [name]: event.target.value });
  const publish = async (event) => {
    event.preventDefault();
    setError(null);
    try {
      await call("PUT", `items/${part(id)}`, { body: row });
      keep("published", [id, ...kept("published", []).filter((one) => one !== id)].slice(0, MAX_REMEMBERED));
      toast(t("new.published", { title: item.title }));
      go("new", {}, id);
    } catch (failure) { setError(failure); }
  };
  const choose = (event) => {
    const [file] = event.target.files;
    if (!file) return;
    if (!PICTURE_TYPES.includes(file.type) || file.size > MAX_PICTURE_BYTES) {
      setPictureError(t("new.picture.error", { kb: MAX_PICTURE_BYTES / 1000 }));
      return;
    }
    setPictureError("");
    const reader = new FileReader();
    reader.onload = () => onChange({ image: reader.result });
    reader.readAsDataURL(file);
  };
  return html`<${Card} title=${t("new.item")}>
    <form class="stack" onSubmit=${publish}>
      <div class="new-picture"><${Picture} item=${{ item_id: id, properties: row }} /></div>
      <${Field} label=${t("new.title")}>${(a) => html`<input ...${a} required maxlength="500" value=${item.title} onInput=${set("title")} placeholder=${t("new.title.hint")} />`}<//>
      <${Field} label=${t("new.text")}>${(a) => html`<textarea ...${a} rows="3" maxlength="5000" value=${item.text} onInput=${set("text")}></textarea>`}<//>
      <div class="attributes">
        <${Field} label=${t("new.category")}>${(a) => html`<input ...${a} maxlength="200" value=${item.category} onInput=${set("category")} />`}<//>
        <${Field} label=${t("new.price")}>${(a) => html`<input ...${a} inputmode="decimal" pattern="[0-9]+([.][0-9]+)?" value=${item.price} onInput=${set("price")} />`}<//>
      </div>
      <${Field} label=${t("new.picture")} hint=${t("new.picture.hint")} error=${pictureError}>${(a) => html`<input ...${a} type="file" accept=${PICTURE_TYPES.join(",")} onChange=${choose} />`}<//>
      ${item.image && html`<${LooksLike} image=${item.image} />`}
      <${Field} label=${t("new.id")} hint=${t("new.id.hint")}>${(a) => html`<input ...${a} maxlength="1000" value=${item.id} placeholder=${id} onInput=${set("id")} />`}<//>
      ${error && html`<${Problem} error=${error} />`}
      ${may("write") ? html`<button class="primary" disabled=${!item.title.trim()}>${t("new.publish")}</button>` : html`<p class="fine">${t("new.no_role")}</p>`}
    </form>
    <details><summary class="fine">${t("new.code")}</summary><${Snippet} codes=${{ curl: toCurl("PUT", `items/${part(id)}`, { ...row, ...(row.image && { image: "data:…" }) }) }} /></details>
  <//>`;
}

/** Show the items whose pictures look like a picture, once somebody asks for them. */
function LooksLike({ image }) {
  const t = useTexts();
  const [asked, setAsked] = useState("");
  const found = useLoaded(async (signal) => asked ? post("similar", { image: asked, k: 4 }, { signal }) : null, [asked]);
  if (asked !== image) return html`<button type="button" onClick=${() => setAsked(image)}>${t("new.looks")}</button>`;
  if (found.loading) return html`<p class="muted" aria-busy="true">${t("common.loading")}</p>`;
  if (found.error) return html`<${Problem} error=${found.error} retry=${found.reload} />`;
  if (!found.data?.items.length) return html`<p class="muted">${t("new.nothing_similar")}</p>`;
  return html`<ol class="near-list" aria-label=${t("new.looks.list")}>${found.data.items.map((one) => html`<li key=${one.item_id}>
    <span class="thumb"><${Picture} item=${one} /></span><span class="small-title">${titleOf(one)}</span>
    <span class="fine number">${formatPercent(Math.min(1, one.score ?? 0), 0)}</span></li>`)}</ol>`;
}

/** Return an id that is made of the words of a title. */
function slugOf(title) {
  const words = title.toLowerCase().normalize("NFKD").match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-").slice(0, 60) || "new-item";
}

/** Return the row of an item; empty fields are left out. */
function rowOf(item) {
  const row = { title: item.title.trim() };
  if (item.text.trim()) row.description = item.text.trim();
  if (item.category.trim()) row.categories = [item.category.trim()];
  if (/^[0-9]+([.][0-9]+)?$/.test(item.price.trim())) row.price = Number(item.price);
  if (item.image) row.image = item.image;
  return row;
}

function Forecast({ text, item }) {
  const t = useTexts();
  const similar = useLoaded((signal) => post("similar", { text, k: 8, explain: true }, { signal }), [text]);
  const audience = useLoaded((signal) => post("audience", { text, k: 8, explain: true }, { signal }), [text]);
  const reach = useLoaded((signal) => post("reach", { text }, { signal }), [text]);
  return html`<div class="stack">
    <${Card} title=${t("new.reach")} hint=${t("new.reach.hint")}>
      ${reach.error ? html`<${Problem} error=${reach.error} retry=${reach.reload} />` : reach.data && html`<${ReachBar} reach=${reach.data} />`}<//>
    <div class="grid">
      <${Card} title=${t("new.similar")}>
        ${similar.error && html`<${Problem} error=${similar.error} retry=${similar.reload} />`}
        ${similar.data && !similar.data.items.length && html`<p class="muted">${t("new.nothing_similar")}</p>`}
        ${similar.data && html`<ol class="near-list">${similar.data.items.map((one) => html`<li key=${one.item_id}>
          <span class="thumb"><${Picture} item=${one} /></span>
          <span><span class="small-title">${titleOf(one)}</span><span class="fine">${one.reasons.slice(0, 2).map((reason) => reasonText(reason, "similar")).join(" · ")}</span>
            <span class="bar" style=${{ width: `${Math.max(2, Math.min(1, one.score ?? 0) * 100)}%` }}></span></span>
          <span class="fine number">${formatPercent(Math.min(1, one.score ?? 0), 0)}</span></li>`)}</ol>`}<//>
      <${Card} title=${t("new.audience")}>
        ${audience.error && html`<${Problem} error=${audience.error} retry=${audience.reload} />`}
        ${audience.data && !audience.data.users.length && html`<p class="muted">${t("new.nobody")}</p>`}
        ${audience.data && html`<ol class="audience">${audience.data.users.map((user) => html`<li key=${user.user_id}>
          <a href=${href("try", { user: user.user_id })}>${user.user_id}</a><span class="fine">${user.reasons.filter((reason) => reason.kind !== "rest").slice(0, 2).map((reason) => reasonText(reason, "audience")).join(" · ")}</span></li>`)}</ol>`}<//>
    </div>
    ${item.image && html`<${AlikePictures} image=${item.image} />`}
    <${Place} similar=${similar.data?.items ?? []} title=${item.title} />
  </div>`;
}

/** Show the items whose pictures are most like the chosen one. */
function AlikePictures({ image }) {
  const t = useTexts();
  const { data, error, reload } = useLoaded((signal) => post("similar", { image, k: 6 }, { signal }), [image]);
  return html`<${Card} title=${t("new.alike")} hint=${t("new.alike.hint")}>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${data && !data.items.length && html`<p class="muted">${t("new.alike.none")}</p>`}
    ${data && html`<ol class="near-list">${data.items.map((one) => html`<li key=${one.item_id}>
      <span class="thumb"><${Picture} item=${one} /></span><span class="small-title">${titleOf(one)}</span>
      <span class="fine number">${formatPercent(Math.max(0, Math.min(1, one.score ?? 0)), 0)}</span></li>`)}</ol>`}
  <//>`;
}

/** Show the expected reach with its interval. */
function ReachBar({ reach }) {
  const t = useTexts();
  if (!reach.n_similar) return html`<p class="muted">${t("new.reach.unknown")}</p>`;
  const top = Math.max(reach.high * 1.1, 1);
  const at = (value) => `${(value / top) * 100}%`;
  return html`<${Fragment}>
    <dl class="figures"><${Figure} label=${t("new.reach.users")} value=${formatNumber(reach.users, 0)} note=${t("new.reach.interval", { low: reach.low, high: reach.high })} />
      <${Figure} label=${t("new.reach.similar")} value=${formatNumber(reach.n_similar)} note=${t("new.reach.closest", { share: formatPercent(reach.similarity, 0) })} /></dl>
    <div class="reach" role="img" aria-label=${t("new.reach.interval", { low: reach.low, high: reach.high })}>
      <span class="interval" style=${{ left: at(reach.low), width: at(reach.high - reach.low) }}></span><span class="middle" style=${{ left: at(reach.users) }}></span></div>
  <//>`;
}

/** Show the place of the item on the map: between the items that are similar to it. */
function Place({ similar, title }) {
  const t = useTexts();
  const { data: map } = useLoaded((signal) => loadMap(null, signal), []);
  const canvas = useRef(null), dot = useRef(null), view = useRef(null);
  const places = useMemo(() => map && placesOf(map), [map]);
  const rows = useMemo(() => new Map((map?.ids ?? []).map((id, row) => [id, row])), [map]);
  // A layout effect ends before its elements are gone, so that no picture is drawn without them.
  useLayoutEffect(() => {
    if (!map?.ids.length || !canvas.current) return undefined;
    const scatter = new Scatter(canvas.current);
    view.current = scatter;
    const { tints, sizes } = looksOf(map, "users", new Map(), new Set());
    scatter.setPoints(places, tints, sizes);
    const resized = new ResizeObserver(() => scatter.draw());
    resized.observe(canvas.current);
    return () => { resized.disconnect(); scatter.destroy(); };
  }, [map]);
  useEffect(() => {
    if (!view.current || !dot.current) return;
    const near = similar.filter((one) => rows.has(one.item_id)).slice(0, 5);
    const weights = near.map((one) => Math.max(one.score ?? 0, 1e-6) ** 4);
    const total = weights.reduce((sum, one) => sum + one, 0);
    dot.current.hidden = !near.length;
    if (!near.length) return;
    const mean = (values) => near.reduce((sum, one, index) => sum + values[rows.get(one.item_id)] * weights[index], 0) / total;
    const move = () => {
      const [x, y] = view.current.toPixels([mean(map.x), mean(map.y)]);
      dot.current.style.transform = `translate(${x}px, ${y}px)`;
    };
    view.current.onPaint = move;
    move();
  }, [similar, map]);
  if (!map?.ids.length) return null;
  return html`<${Card} title=${t("new.place")} aside=${html`<a href=${href("map")}>${t("common.page.map")}</a>`}>
    <div class="place-canvas"><canvas ref=${canvas} role="img" aria-label=${t("new.place.label", { title: title || t("new.item") })}></canvas><span ref=${dot} class="place-dot" hidden></span></div><//>`;
}

function Published() {
  const t = useTexts();
  const ids = kept("published", []);
  if (!ids.length) return null;
  return html`<${Card} title=${t("new.recent")}><ul class="audience">${ids.map((id) => html`<li key=${id}><a href=${href("new", {}, id)}>${id}</a></li>`)}</ul><//>`;
}

/** Follow the warm-up of a published item. */
function Timeline({ id }) {
  const t = useTexts();
  const item = useLoaded((signal) => get(`items/${part(id)}`, {}, { signal }), [id]);
  const exposure = useLoaded((signal) => get(`items/${part(id)}/exposure`, {}, { signal }), [id]);
  const events = useLoaded((signal) => get("events", { item_id: id, k: 1000 }, { signal }), [id]);
  const [shown, setShown] = useState([]);
  useInterval(() => { exposure.refresh(); events.refresh(); }, REFRESH_S);
  useEffect(() => {
    if (exposure.data) setShown((old) => [...old.slice(-500), { at: Date.now() / 1000, impressions: exposure.data.impressions, users: exposure.data.users }]);
  }, [exposure.data]);
  const error = item.error ?? exposure.error;
  if (error) return html`<div class="stack"><${PageHead} title=${t("common.page.new")} /><${Problem} error=${error} retry=${() => { item.reload(); exposure.reload(); }} /><p><a href=${href("new")}>${t("new.another")}</a></p></div>`;
  if (!item.data || !exposure.data) return html`<${PageHead} title=${t("common.page.new")} /><${Notice} busy>${t("common.loading")}<//>`;
  const { data } = exposure;
  const dated = (events.data?.events ?? []).filter((event) => event.timestamp);
  return html`<div class="page-new stack">
    <${PageHead} title=${titleOf(item.data)} lead=${t("new.follow")}><a class="button" href=${href("new")}>${t("new.another")}</a><//>
    <div class="new-grid">
      <${Card} title=${t("new.warming")} aside=${html`<${Tag} kind=${data.temperature}>${t(`common.temperature.${data.temperature}`)}<//>`}>
        <div class="new-picture"><${Picture} item=${{ item_id: id, properties: item.data }} /></div>
        <ol class="stages">${["warm", "shown", "hot"].map((stage) => html`<li key=${stage} class=${reached(stage, data) ? "done" : ""}>${t(`new.stage.${stage}`)}</li>`)}</ol>
        <${Budget} data=${data} /><//>
      <div class="stack">
        <${Card} title=${t("new.numbers")}><dl class="figures">
          <${Figure} label=${t("new.impressions")} value=${formatNumber(data.impressions)} /><${Figure} label=${t("new.users")} value=${formatNumber(data.users)} />
          <${Figure} label=${t("new.events")} value=${formatNumber(events.data?.events.length ?? 0)} /></dl><//>
        <${Card} title=${t("new.timeline")} hint=${t("new.timeline.hint")}>
          <${Chart} title=${t("new.timeline")} time x=${shown.map((one) => one.at)} xTitle=${t("new.time")} format=${(value) => formatNumber(value, 0)} series=${[
            { name: t("new.impressions"), y: shown.map((one) => one.impressions), points: false },
            { name: t("new.users"), y: shown.map((one) => one.users), tone: "tone-2", points: false }]} />
          ${dated.length > 0 && html`<ol class="audience">${dated.slice(-8).reverse().map((event, index) => html`<li key=${index}><span>${event.user_id}</span><span class="fine">${event.event_type} · ${formatTime(event.timestamp)}</span></li>`)}</ol>`}<//>
      </div>
    </div>
  </div>`;
}

const reached = (stage, data) => stage === "warm" ? data.temperature !== "cold" : stage === "shown" ? data.impressions > 0 : data.temperature === "hot";

function Budget({ data }) {
  const t = useTexts();
  const share = Math.min(1, data.impressions / data.promised);
  return html`<div class="budget"><p class="row between"><span class="strong">${t("new.budget")}</span><span class="fine">${t("new.budget.of", { n: data.impressions, of: data.promised })}</span></p>
    <progress max="1" value=${share} aria-label=${t("new.budget")}></progress>
    <p class="fine">${t(data.is_new ? "new.budget.open" : data.since ? "new.budget.done" : "new.budget.off", { days: data.days })}</p></div>`;
}
