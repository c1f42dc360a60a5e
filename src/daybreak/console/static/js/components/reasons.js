// Why an item is in a list: bars whose lengths add up to the score.
import { html } from "../lib.js";
import { formatNumber, hasText, t, useTexts } from "../i18n.js";

const MAX_SHOWN = 4;

/** Return a term of an attribute in words: `price=..6` is "price up to 6". */
function termText(term) {
  const at = term.indexOf("=");
  if (at < 0) return term;
  const name = term.slice(0, at).replaceAll("_", " "), value = term.slice(at + 1);
  const [low, high] = value.split("..");
  if (high === undefined) return t("common.term.value", { name, value });
  if (low && high) return t("common.term.range", { name, low, high });
  return low ? t("common.term.from", { name, low }) : high ? t("common.term.to", { name, high }) : name;
}

/**
 * Return what a reason says, in the language of the page; of unknown kinds what the server says.
 * @param {"list" | "similar" | "audience"} about what is explained: a list to its user, why two items are similar, or a user to the shop
 */
export function reasonText(reason, about = "list") {
  let kind = reason.kind;
  if (kind === "event" && /\bdisliked\b/.test(reason.text.replace(reason.title, ""))) kind = "dislike";
  if (kind === "strategy" && ["everybody", "age"].includes(reason.name)) kind = reason.name;
  const end = `${kind}.${reason.value < 0 ? "against" : "for"}`;
  const key = [`common.reason.${about}.${end}`, `common.reason.${end}`].find(hasText);
  const name = kind === "attribute" || kind === "profile" ? termText(reason.name || reason.title) : reason.title || reason.name;
  return key ? t(key, { name }) : reason.text || name || kind;
}

/** Show reasons, those of prices and years first, then the largest; those that are left out are added up. */
export function BarReasons({ reasons, limit = MAX_SHOWN }) {
  useTexts();
  if (!reasons?.length) return null;
  // A bound in the person's words adds nothing to the score, but decides: it comes first.
  const weight = (reason) => (reason.kind === "quantity" ? Infinity : Math.abs(reason.value));
  const sorted = [...reasons].sort((a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a)));
  const shown = sorted.length <= limit + 1 ? sorted : sorted.slice(0, limit);
  const rest = sorted.slice(shown.length);
  const bars = shown.map((reason) => ({ text: reasonText(reason), value: reason.value }));
  if (rest.length) bars.push({ text: t("common.reason.others", { n: rest.length }), value: rest.reduce((sum, one) => sum + one.value, 0) });
  const longest = Math.max(...bars.map((bar) => Math.abs(bar.value)), 1e-12);
  return html`<ul class="reasons" aria-label=${t("common.reasons")}>
    ${bars.map((bar, index) => html`<li key=${index} class=${bar.value < 0 ? "against" : undefined}>
      <span class="reason-text" title=${bar.text}>${bar.text}</span>
      <span class="reason-value">${formatNumber(bar.value, 2)}</span>
      <span class="bar" style=${{ width: `${(Math.abs(bar.value) / longest) * 100}%` }}></span>
    </li>`)}
  </ul>`;
}
