// Why is an item not in the list?
import { html, useState } from "../lib.js";
import { formatNumber, hasText, t } from "../i18n.js";
import { post } from "../api.js";
import { useLoaded } from "../load.js";
import { Card, Figure } from "../components/card.js";
import { Field } from "../components/form.js";
import { Combobox, searchItems } from "../components/combobox.js";
import { Snippet, toClientCall, toCurl } from "../components/snippet.js";
import { BarReasons } from "../components/reasons.js";
import { Problem } from "../components/problem.js";

/** Ask for an item, and show its place in the list of a request. */
export function WhyNot({ body }) {
  const [text, setText] = useState("");
  const [item, setItem] = useState(null);
  return html`<${Card} title=${t("try.why")} hint=${t("try.why.hint")} class="why">
    <${Field} label=${t("try.why.item")} hideLabel>
      ${(a) => html`<${Combobox} attributes=${a} placeholder=${t("try.why.item")} value=${text} onInput=${setText} options=${searchItems}
        onPick=${(option) => { setText(option.label); setItem({ item_id: option.id, title: option.label }); }} />`}
    <//>
    ${item && html`<${Answer} key=${item.item_id} item=${item} body=${body} />`}
  <//>`;
}

function Answer({ item, body }) {
  const asked = { ...body, item_id: item.item_id };
  const { data, error, reload } = useLoaded((signal) => post("why", asked, { signal }), [JSON.stringify(asked)]);
  if (error) return html`<${Problem} error=${error} retry=${reload} />`;
  if (!data) return null;
  const gap = data.last_score === null || data.score === null ? null : data.last_score - data.score;
  return html`<div class="stack" aria-live="polite">
    <p class="strong">${data.rank ? t("try.why.listed", { title: item.title, rank: data.rank }) : t("try.why.not_listed", { title: item.title })}</p>
    ${data.obstacles.length > 0 && html`<ul class="obstacles">${data.obstacles.map((name) => html`<li key=${name}>${hasText(`try.obstacle.${name}`) ? t(`try.obstacle.${name}`) : name}</li>`)}</ul>`}
    <dl class="figures">
      <${Figure} label=${t("try.why.score")} value=${formatNumber(data.score, 2)} note=${gap > 0 ? t("try.why.gap", { gap: formatNumber(gap, 2) }) : ""} />
      <${Figure} label=${t("try.why.rank")} value=${data.score_rank === null ? "–" : formatNumber(data.score_rank)} note=${t("try.why.of", { n: data.n_candidates })} />
    </dl>
    <${BarReasons} reasons=${data.reasons} limit=${8} />
    <${Snippet} codes=${{ curl: toCurl("POST", "why", asked), Python: toClientCall("why", { ...body, item_id: undefined }, [item.item_id]) }} />
  </div>`;
}
