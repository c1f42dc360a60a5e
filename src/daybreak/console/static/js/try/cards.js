// The list as cards, and two lists side by side.
import { html, classes } from "../lib.js";
import { formatNumber, t } from "../i18n.js";
import { useMoving } from "../components/moving.js";
import { BarReasons } from "../components/reasons.js";
import { Picture } from "../components/picture.js";
import { Icon } from "../components/icon.js";
import { Tag } from "../components/card.js";
import { titleOf } from "../components/combobox.js";

const ACTIONS = ["like", "buy", "dislike", "hide"];
const SHOWN_PROPERTIES = 2;
const HIDDEN_PROPERTIES = new Set(["title", "name", "description", "text", "image", "image_url", "picture", "other_titles", "is_hidden"]);

/** Show the items of a list; `onAct(kind, item)` is called for like, dislike, hide and buy; null: these are not offered. */
export function Cards({ items, onAct, busy }) {
  const parent = useMoving(items.map((item) => item.item_id).join("\n"));
  return html`<ol ref=${parent} class=${classes("item-cards", busy && "waiting")} aria-label=${t("try.list")} aria-busy=${busy}>
    ${items.map((item) => html`<li key=${item.item_id} data-key=${item.item_id} class="item-card">
      <div class="frame"><${Picture} item=${item} /><span class="rank">${item.rank}</span>
        ${item.explored && html`<span class="on-picture"><${Tag} kind="good">${t("try.explored")}<//></span>`}</div>
      <div class="item-body">
        <h3>${titleOf(item)}</h3>
        <p class="fine">${describe(item)}</p>
        <${BarReasons} reasons=${item.reasons} limit=${2} />
        <p class="row tags"><${Tag} kind=${item.temperature}>${t(`common.temperature.${item.temperature || "cold"}`)}<//>
          <span class="fine">${item.strategy}${item.rule ? ` · ${item.rule}` : ""}</span></p>
      </div>
      ${onAct && html`<div class="item-actions">${ACTIONS.map((kind) => html`<button key=${kind} class="quiet round" title=${t(`try.act.${kind}`)} onClick=${() => onAct(kind, item)}>
        <${Icon} name=${kind} /><span class="hidden">${t(`try.act.${kind}.title`, { title: titleOf(item) })}</span></button>`)}</div>`}
    </li>`)}
  </ol>`;
}

/** Return the first short attributes of an item in words. */
function describe(item) {
  return Object.entries(item.properties ?? {})
    .filter(([name, value]) => !HIDDEN_PROPERTIES.has(name) && value !== null && String(value).length < 40)
    .slice(0, SHOWN_PROPERTIES)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "number" ? formatNumber(value) : Array.isArray(value) ? value.join(", ") : value}`)
    .join(" · ");
}

/** Show two lists side by side; the second says how far each item has moved. */
export function Comparison({ first, second }) {
  const before = new Map(first.map((item) => [item.item_id, item.rank]));
  const after = new Map(second.map((item) => [item.item_id, item.rank]));
  return html`<div class="comparison">
    <${Column} title=${t("try.list.a")} items=${first} others=${after} />
    <${Column} title=${t("try.list.b")} items=${second} others=${before} moved />
  </div>`;
}

function Column({ title, items, others, moved }) {
  const parent = useMoving(items.map((item) => item.item_id).join("\n"));
  return html`<section><h3>${title}</h3><ol ref=${parent} class="small-list">
    ${items.map((item) => {
      const other = others.get(item.item_id);
      const step = other === undefined ? null : other - item.rank;
      return html`<li key=${item.item_id} data-key=${item.item_id} class=${classes(other === undefined && "alone")}>
        <span class="number">${item.rank}</span><span class="thumb"><${Picture} item=${item} /></span>
        <span class="small-title">${titleOf(item)}</span>
        <span class="fine">${moved ? (step === null ? t("try.new") : step > 0 ? `▲ ${step}` : step < 0 ? `▼ ${-step}` : "=") : (other === undefined ? t("try.only_here") : "")}</span>
      </li>`;
    })}
  </ol></section>`;
}
