// Rules of all lists with a preview, and when the shop trains and forgets.
import { Fragment, html, useState } from "../lib.js";
import { formatNumber, t } from "../i18n.js";
import { call, get, part, post } from "../api.js";
import { useLoaded, useSettled } from "../load.js";
import { Card } from "../components/card.js";
import { Field, Segments } from "../components/form.js";
import { Picture } from "../components/picture.js";
import { Problem } from "../components/problem.js";
import { Snippet, toClientCall, toCurl } from "../components/snippet.js";
import { titleOf } from "../components/combobox.js";
import { toast, toastError } from "../components/toast.js";
import { Filter } from "../try/settings.js";

const SETTLE_MS = 300;
const EXAMPLES_SHOWN = 6;
const NEW_BOOST = { where: "", factor: 2, add: 0 };

/** Show the policy of the shop with its parts as forms. */
export function Policy() {
  const { data, error, reload } = useLoaded((signal) => get("policy", {}, { signal }));
  if (error) return html`<${Problem} error=${error} retry=${reload} />`;
  if (!data) return null;
  const policy = { where: data.where, boosts: data.boosts, retrain: data.retrain, retention_days: data.retention_days };
  const save = async (changes) => {
    try {
      await call("PUT", "policy", { body: { ...policy, ...changes } });
      toast(t("settings.policy.saved"));
      reload();
    } catch (failure) { toastError(failure); }
  };
  return html`<${Fragment}>
    <${Rules} policy=${policy} onSave=${save} />
    <${Upkeep} policy=${policy} started=${data} onSave=${save} />
  <//>`;
}

/** Edit the rules; the fields keep what is typed while the policy is read anew after saving. */
function Rules({ policy, onSave }) {
  const [where, setWhere] = useState(policy.where);
  const [boosts, setBoosts] = useState(policy.boosts);
  const rules = plainRules(where, boosts);
  const asked = useSettled(JSON.stringify(rules), SETTLE_MS);
  const preview = useLoaded((signal) => post("policy/preview", JSON.parse(asked), { signal }), [asked]);
  const same = JSON.stringify(rules) === JSON.stringify(plainRules(policy.where, policy.boosts));
  const change = (at, fields) => setBoosts(boosts.map((one, index) => index === at ? { ...one, ...fields } : one));
  const all = { ...policy, ...rules };
  return html`<${Card} title=${t("settings.rules")} hint=${t("settings.rules.hint")} class="rules-editor">
    <form class="stack" onSubmit=${(event) => { event.preventDefault(); onSave(rules); }}>
      <${Filter} label=${t("settings.rules.where")} value=${where} onChange=${setWhere} />
      ${boosts.map((boost, at) => html`<div key=${at} class="boost-row">
        <${Filter} label=${t("settings.rules.boost", { n: at + 1 })} value=${boost.where} onChange=${(text) => change(at, { where: text })} />
        <${Field} label=${t("settings.rules.factor")}>${(a) => html`<input ...${a} type="number" min="0.01" max="1000" step="any" value=${boost.factor} onInput=${(event) => change(at, { factor: Number(event.target.value) || 1 })} />`}<//>
        <button type="button" class="quiet" onClick=${() => setBoosts(boosts.filter((_, index) => index !== at))}>${t("settings.rules.remove")}<span class="hidden"> ${at + 1}</span></button>
      </div>`)}
      <div class="actions"><button type="button" class="quiet" onClick=${() => setBoosts([...boosts, NEW_BOOST])}>${t("settings.rules.add")}</button>
        <button class="primary" disabled=${same || Boolean(preview.error)}>${t("settings.save")}</button></div>
    </form>
    <div class="stack" aria-live="polite">
      ${preview.error ? html`<${Problem} error=${preview.error} />` : preview.data?.rules.map((rule, at) => html`<${Effect} key=${at} rule=${rule} />`)}
    </div>
    <details><summary class="fine">${t("try.code")}</summary><${Snippet} codes=${{ curl: toCurl("PUT", "policy", all), Python: toClientCall("admin.set_policy", all) }} /></details>
  <//>`;
}

/** Return rules as they are sent and compared: without blanks and without boosts of nothing. */
function plainRules(where, boosts) {
  const kept = boosts.filter((one) => one.where.trim());
  return { where: where.trim(), boosts: kept.map((one) => ({ where: one.where.trim(), factor: one.factor, add: one.add })) };
}

/** Say which items a rule hides, lifts or lowers, with the first of them. */
function Effect({ rule }) {
  const shown = rule.item_ids.slice(0, EXAMPLES_SHOWN);
  const { data } = useLoaded((signal) => Promise.all(shown.map((id) => get(`items/${part(id)}`, {}, { signal }).catch(() => ({ item_id: id })))), [shown.join("\n")]);
  const kind = rule.kind === "where" ? "hides" : rule.factor >= 1 ? "lifts" : "lowers";
  return html`<section class="effect">
    <h3>${t(`settings.rules.${kind}`, { n: rule.n_items })} <code class="fine">${rule.filter}${rule.factor === null ? "" : ` × ${formatNumber(rule.factor)}`}</code></h3>
    <ul class="effect-items">${(data ?? []).map((item) => html`<li key=${item.item_id}><span class="thumb"><${Picture} item=${item} /></span><span class="small-title">${titleOf(item)}</span></li>`)}
      ${rule.n_items > shown.length && html`<li class="fine">${t("common.reason.others", { n: rule.n_items - shown.length })}</li>`}</ul>
  </section>`;
}

/** Show when the shop trains anew, and how long it keeps events. */
function Upkeep({ policy, started, onSave }) {
  const [retrain, setRetrain] = useState(policy.retrain);
  const [days, setDays] = useState(policy.retention_days);
  const retrainKind = retrain === null ? "default" : retrain === "off" || retrain === "auto" ? retrain : "own";
  const daysKind = days === null ? "default" : days > 0 ? "days" : "forever";
  const same = retrain === policy.retrain && days === policy.retention_days;
  const chooseRetrain = (kind) => setRetrain({ default: null, off: "off", auto: "auto", own: "every=1d, events=0.2" }[kind]);
  const chooseDays = (kind) => setDays({ default: null, forever: 0, days: 365 }[kind]);
  const startedDays = started.started_with_retention_days;
  return html`<${Card} title=${t("settings.upkeep")} hint=${t("settings.upkeep.hint")} class="upkeep">
    <form class="stack" onSubmit=${(event) => { event.preventDefault(); onSave({ retrain, retention_days: days }); }}>
      <h3>${t("settings.retrain")}</h3>
      <${Segments} label=${t("settings.retrain")} value=${retrainKind} onChange=${chooseRetrain} options=${["default", "off", "auto", "own"].map((kind) => [kind, t(`settings.retrain.${kind}`)])} />
      <p class="fine">${retrainKind === "default" ? t(`settings.retrain.default.${started.started_with_retrain ? "on" : "none"}`) : t(`settings.retrain.${retrainKind}.hint`)}</p>
      ${retrainKind === "own" && html`<${Field} label=${t("settings.retrain.conditions")}>${(a) => html`<input ...${a} value=${retrain} maxlength="200" required onInput=${(event) => setRetrain(event.target.value)} />`}<//>`}
      <h3>${t("settings.retention")}</h3>
      <${Segments} label=${t("settings.retention")} value=${daysKind} onChange=${chooseDays} options=${["default", "forever", "days"].map((kind) => [kind, t(`settings.retention.${kind}`)])} />
      <p class="fine">${daysKind === "default" ? (startedDays === null ? t("settings.retention.default.none") : t("settings.retention.default.on", { n: startedDays })) : t(`settings.retention.${daysKind}.hint`)}</p>
      ${daysKind === "days" && html`<${Field} label=${t("settings.retention.number")}>${(a) => html`<input ...${a} type="number" min="1" max="36500" step="1" required value=${days} onInput=${(event) => setDays(Number(event.target.value) || 1)} />`}<//>`}
      <div class="actions"><button class="primary" disabled=${same}>${t("settings.save")}<span class="hidden"> ${t("settings.upkeep")}</span></button></div>
    </form>
  <//>`;
}
