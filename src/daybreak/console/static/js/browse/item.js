// One item: what is stored, its events, similar items, and the users it suits.
import { html, useState } from "../lib.js";
import { formatFixed, t } from "../i18n.js";
import { call, get, may, part } from "../api.js";
import { useLoaded } from "../load.js";
import { go, href } from "../router.js";
import { Card, PageHead } from "../components/card.js";
import { titleOf } from "../components/combobox.js";
import { Confirm } from "../components/dialog.js";
import { Picture } from "../components/picture.js";
import { Notice, Problem } from "../components/problem.js";
import { toast, toastError } from "../components/toast.js";
import { Attributes, Back, Events, ItemLinks } from "./parts.js";

const SIMILAR_SHOWN = 8;

export function ItemDetail({ id }) {
  const { data, error, reload } = useLoaded((signal) => get(`items/${part(id)}`, {}, { signal }), [id]);
  const [asking, setAsking] = useState(false);
  const remove = async () => {
    setAsking(false);
    try { await call("DELETE", `items/${part(id)}`); toast(t("browse.item.deleted", { id })); go("browse", {}, "items"); }
    catch (failure) { toastError(failure); }
  };
  return html`<div class="page-browse stack">
    <${Back} table="items" />
    <${PageHead} title=${data ? titleOf(data) : id} lead=${data ? id : undefined}>
      ${data && may("write") && html`<button class="quiet" onClick=${() => setAsking(true)}>${t("browse.item.delete")}</button>`}
    <//>
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    ${!data && !error && html`<${Notice} busy>${t("common.loading")}<//>`}
    ${data && html`<div class="detail">
        <div class="stack"><div class="portrait"><${Picture} item=${data} /></div>
          <${Attributes} table="items" id=${id} row=${data} editable=${may("write")} onSaved=${reload} /></div>
        <div class="stack">
          <${Similar} id=${id} />
          <${Audience} id=${id} />
          <${Events} filter=${{ item_id: id }} other="user_id" />
        </div>
      </div>`}
    ${asking && html`<${Confirm} title=${t("browse.item.delete")} action=${t("browse.item.delete")} text=${t("browse.item.delete.text", { id })} onClose=${() => setAsking(false)} onConfirm=${remove} />`}
  </div>`;
}

function Similar({ id }) {
  const { data, error } = useLoaded((signal) => get(`items/${part(id)}/similar`, { k: SIMILAR_SHOWN }, { signal }), [id]);
  return html`<${Card} title=${t("browse.similar")}>
    ${error && html`<${Problem} error=${error} />`}${data && html`<${ItemLinks} items=${data.items} />`}<//>`;
}

function Audience({ id }) {
  const { data, error } = useLoaded((signal) => get(`items/${part(id)}/audience`, { k: SIMILAR_SHOWN }, { signal }), [id]);
  const users = data?.users ?? [];
  return html`<${Card} title=${t("browse.audience")} hint=${t("browse.audience.hint")}>
    ${error && html`<${Problem} error=${error} />`}
    ${data && !users.length && html`<p class="muted">${t("common.nothing")}</p>`}
    <ol class="links">${users.map((one) => html`<li key=${one.user_id}><a href=${href("browse", {}, "users", one.user_id)}>${one.user_id}</a> <span class="fine number">${formatFixed(one.score, 2)}</span></li>`)}</ol>
  <//>`;
}
