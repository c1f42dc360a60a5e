// Map: the catalogue in two dimensions.
import { Fragment, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { formatNumber, useTexts } from "../i18n.js";
import { get, part, post } from "../api.js";
import { useInterval, useLoaded, useSettled } from "../load.js";
import { href } from "../router.js";
import { Card, PageHead, Tag } from "../components/card.js";
import { Field, Segments, Toggle } from "../components/form.js";
import { Combobox, searchItems, titleOf } from "../components/combobox.js";
import { Notice, Problem } from "../components/problem.js";
import { Picture } from "../components/picture.js";
import { Scatter } from "../components/scatter.js";
import { Icon } from "../components/icon.js";
import { toast, toastError } from "../components/toast.js";
import { PALETTE, loadMap, looksOf, placesOf } from "../map/data.js";

const REFRESH_S = 5;
const MAX_LISTED = 50;
const MAX_SCORED = 1_000;
const CLOSE_ZOOM = 6;

export default function MapPage() {
  const t = useTexts();
  const [map, setMap] = useState(null);
  const [error, setError] = useState(null);
  const [by, setBy] = useState("users");
  const [sentence, setSentence] = useState("");
  const [chosen, setChosen] = useState([]);
  const [lassoing, setLassoing] = useState(false);
  const [hovered, setHovered] = useState(null);
  const [target, setTarget] = useState(null);
  const latest = useRef(null);
  latest.current = map;
  const running = useRef(null); // a map takes its time: it is not asked for again before it has come
  const load = () => {
    running.current ??= loadMap(latest.current).then((found) => { setMap(found); setError(null); }, setError).finally(() => { running.current = null; });
  };
  useEffect(() => { load(); }, []);
  useInterval(load, REFRESH_S);
  const scores = useScores(by === "score" ? sentence : "", map?.ids.length ?? 0);
  const head = html`<${PageHead} title=${t("common.page.map")} lead=${t("map.lead")} />`;
  if (error && !map) return html`<div class="stack">${head}<${Problem} error=${error} retry=${load} /></div>`;
  if (!map) return html`<div class="stack">${head}<${Notice} busy>${t("map.computing")}<//></div>`;
  if (!map.ids.length) return html`<div class="stack">${head}<${Notice} icon="map" title=${t("map.empty")}><a href=${href("data")}>${t("map.empty.hint")}</a><//></div>`;
  const options = ["users", "temperature", ...(map.categories.length ? ["category"] : []), "score"];
  const pick = (option) => { setTarget(option.id); setChosen([option.id]); };
  return html`<div class="page-map stack">
    ${head}
    <${Card} class="map-tools">
      <${Segments} label=${t("map.colour")} value=${by} onChange=${setBy} options=${options.map((name) => [name, t(`map.by.${name}`)])} />
      <${Finder} onPick=${pick} />
      ${by === "score" && html`<${Field} label=${t("map.sentence")} error=${scores.error ? scores.error.message : ""}>
        ${(a) => html`<input ...${a} value=${sentence} placeholder=${t("map.sentence.hint")} onInput=${(event) => setSentence(event.target.value)} />`}<//>`}
      <${Toggle} label=${t("map.lasso")} value=${lassoing} onChange=${setLassoing} />
    <//>
    <div class="map-grid">
      <div class="map-frame card">
        <${Canvas} map=${map} by=${by} scores=${scores.data} chosen=${chosen} lassoing=${lassoing} target=${target} hovered=${hovered} onHover=${setHovered} onChoose=${setChosen} />
        <${Legend} map=${map} by=${by} />
      </div>
      <${Chosen} ids=${chosen} total=${map.ids.length} fresh=${map.fresh} hovered=${hovered} onClear=${() => setChosen([])} />
    </div>
  </div>`;
}

function Finder({ onPick }) {
  const t = useTexts();
  const [text, setText] = useState("");
  return html`<${Field} label=${t("map.find")}>
    ${(a) => html`<${Combobox} attributes=${a} value=${text} onInput=${setText} options=${searchItems} onPick=${(option) => { setText(option.label); onPick(option); }} />`}<//>`;
}

/** Return the scores of a person by item, the best 1 and the last of the list 0. */
function useScores(sentence, n) {
  const settled = useSettled(sentence.trim(), 300);
  const { data, error } = useLoaded(async (signal) => {
    if (!settled || !n) return new Map();
    const { items } = await post("recommend", { profile: { text: settled }, k: Math.min(n, MAX_SCORED), fields: ["score"], record: false }, { signal });
    return new Map(items.map((item, rank) => [item.item_id, 1 - rank / Math.max(items.length - 1, 1)]));
  }, [settled, n > 0]);
  return { data: data ?? new Map(), error };
}

function Canvas({ map, by, scores, chosen, lassoing, target, hovered, onHover, onChoose }) {
  const t = useTexts();
  const canvas = useRef(null), view = useRef(null), drag = useRef(null), ring = useRef(null);
  const [corners, setCorners] = useState([]);
  const places = useMemo(() => placesOf(map), [map]);
  const [theme, setTheme] = useState(0);
  // A layout effect ends before its elements are gone, so that no picture is drawn without them.
  useLayoutEffect(() => {
    const scatter = new Scatter(canvas.current);
    view.current = scatter;
    const redraw = () => setTheme((n) => n + 1);
    const resized = new ResizeObserver(() => scatter.draw());
    resized.observe(canvas.current);
    const themed = new MutationObserver(redraw);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    const element = canvas.current;
    const wheel = (event) => { event.preventDefault(); scatter.zoomBy(Math.exp(-event.deltaY / 400), at(event)); };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => { resized.disconnect(); themed.disconnect(); dark.removeEventListener("change", redraw); element.removeEventListener("wheel", wheel); scatter.destroy(); };
  }, []);
  useEffect(() => {
    const { tints, sizes } = looksOf(map, by, scores, new Set(chosen));
    view.current.setPoints(places, tints, sizes);
  }, [map, by, scores, chosen, theme]);
  useEffect(() => {
    const row = target === null ? -1 : map.ids.indexOf(target);
    if (row >= 0) view.current.lookAt([map.x[row], map.y[row]], CLOSE_ZOOM);
  }, [target]);
  useEffect(() => {
    const place = () => {
      const row = hovered?.row ?? -1;
      ring.current.hidden = row < 0;
      if (row >= 0) {
        const [x, y] = view.current.toPixels([map.x[row], map.y[row]]);
        ring.current.style.transform = `translate(${x}px, ${y}px)`;
      }
    };
    view.current.onPaint = place;
    place();
  }, [hovered, map]);
  const at = (event) => {
    const box = canvas.current.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const down = (event) => {
    canvas.current.setPointerCapture(event.pointerId);
    drag.current = { last: at(event), start: at(event) };
    if (lassoing) setCorners([at(event)]);
  };
  const move = (event) => {
    const here = at(event);
    if (drag.current && lassoing) setCorners((now) => [...now, here]);
    else if (drag.current) {
      view.current.move(here[0] - drag.current.last[0], here[1] - drag.current.last[1]);
      drag.current.last = here;
    } else {
      const row = view.current.nearest(here);
      if (row !== (hovered?.row ?? -1)) onHover(row < 0 ? null : { row, id: map.ids[row] });
    }
  };
  const up = (event) => {
    const here = at(event), from = drag.current;
    drag.current = null;
    if (!from) return;
    const still = Math.hypot(here[0] - from.start[0], here[1] - from.start[1]) < 4;
    if (lassoing && corners.length > 2) {
      onChoose(view.current.inside(corners.map((corner) => view.current.toPlace(corner))).map((row) => map.ids[row]));
    } else if (still) {
      const row = view.current.nearest(here);
      if (row >= 0) onChoose([map.ids[row]]);
    }
    setCorners([]);
  };
  const keys = (event) => {
    const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    if (event.key in steps) { event.preventDefault(); view.current.move(...steps[event.key]); }
    if (event.key === "+" || event.key === "=") view.current.zoomBy(1.4);
    if (event.key === "-") view.current.zoomBy(1 / 1.4);
  };
  return html`<div class="map-canvas">
    <canvas ref=${canvas} tabindex="0" role="img" aria-label=${t("map.label", { n: map.ids.length })} class=${lassoing ? "lassoing" : undefined}
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerLeave=${() => onHover(null)} onKeyDown=${keys}></canvas>
    <svg class="lasso" aria-hidden="true"><polygon points=${corners.map((corner) => corner.join(",")).join(" ")} /></svg>
    <span ref=${ring} class="ring" hidden></span>
    <div class="map-zoom">
      <button class="round" onClick=${() => view.current.zoomBy(1.6)} aria-label=${t("map.closer")}>+</button>
      <button class="round" onClick=${() => view.current.zoomBy(1 / 1.6)} aria-label=${t("map.farther")}>−</button>
      <button class="round" onClick=${() => view.current.lookAt()} aria-label=${t("map.all")}>⌂</button>
    </div>
  </div>`;
}

function Legend({ map, by }) {
  const t = useTexts();
  if (by === "category") {
    return html`<p class="legend">${map.categories.slice(0, PALETTE.length).map((name, code) => html`<span key=${name} class=${`dot-key ${PALETTE[code]}`}>${name}</span>`)}
      ${map.categories.length > PALETTE.length && html`<span class="dot-key edge">${t("map.others")}</span>`}</p>`;
  }
  if (by === "temperature") {
    return html`<p class="legend">${[["accent", "hot"], ["tone-2", "warm"], ["edge", "cold"]].map(([tone, name]) => html`<span key=${name} class=${`dot-key ${tone}`}>${t(`common.temperature.${name}`)}</span>`)}</p>`;
  }
  return html`<p class="legend"><span class="dot-key edge">${t(`map.${by}.low`)}</span><span class="ramp"></span><span class="dot-key accent">${t(`map.${by}.high`)}</span></p>`;
}

/** Show the item under the pointer, and the items that were chosen. */
function Chosen({ ids, total, fresh, hovered, onClear }) {
  const t = useTexts();
  const settled = useSettled(hovered?.id ?? null, 120);
  const hover = useLoaded((signal) => settled ? get(`items/${part(settled)}`, {}, { signal }) : Promise.resolve(null), [settled]);
  const listed = ids.slice(0, MAX_LISTED);
  const { data } = useLoaded(async (signal) => {
    if (!listed.length) return [];
    try { return (await post("rank", { items: listed, record: false }, { signal })).items; }
    catch (error) { if (error.name !== "AbortError") toastError(error); throw error; }
  }, [listed.join("\n")]);
  const copy = async () => {
    try { await navigator.clipboard.writeText(ids.join("\n")); toast(t("common.copied")); }
    catch { toast(t("common.not_copied"), { kind: "error" }); }
  };
  const shown = hovered && hover.data;
  return html`<${Card} title=${ids.length ? t("map.chosen", { n: ids.length }) : t("map.items", { n: total })} class="map-side"
      aside=${ids.length > 0 && html`<button class="link" onClick=${onClear}>${t("map.clear")}</button>`}>
    ${shown ? html`<a class="map-hover" href=${href("browse", {}, "items", hover.data.item_id)}><span class="thumb"><${Picture} item=${hover.data} /></span><span>${titleOf(hover.data)}</span></a>`
      : html`<p class="muted">${t(ids.length ? "map.chosen.hint" : "map.hint")}</p>`}
    ${fresh.size > 0 && html`<p><${Tag} kind="good">${t("map.fresh", { n: fresh.size })}<//></p>`}
    ${ids.length > 0 && html`<${Fragment}><ol class="map-list">${(data ?? []).map((item) => html`<li key=${item.item_id}><span class="thumb"><${Picture} item=${item} /></span>
      <span class="small-title">${titleOf(item)}</span><span class="fine">${t(`common.temperature.${item.temperature || "cold"}`)}</span></li>`)}</ol>
      <div class="row"><button class="quiet" onClick=${copy}><${Icon} name="copy" /> ${t("map.copy")}</button></div>
      ${ids.length > MAX_LISTED && html`<p class="fine">${t("map.more", { n: ids.length - MAX_LISTED })}</p>`}<//>`}
    ${!ids.length && html`<p class="fine">${t("map.how")} ${formatNumber(total)}</p>`}
  <//>`;
}
