// Which release answers, and whether one of its strategies scores alone.
import { Fragment, html } from "../lib.js";
import { formatTime, t } from "../i18n.js";
import { get, may, part } from "../api.js";
import { useLoaded } from "../load.js";
import { Field } from "../components/form.js";

/** Show the choice of a release and of a strategy; nothing is shown before the first training. */
export function Source({ settings, onChange }) {
  const models = useLoaded((signal) => get("models", {}, { signal }), []);
  const releases = models.data?.models ?? [];
  const active = releases.find((one) => one.active)?.id ?? "";
  const id = settings.release || active;
  const report = useLoaded((signal) => id ? get(`models/${part(id)}/report`, {}, { signal }) : Promise.resolve(null), [id]);
  if (!active) return null;
  const strategies = (report.data?.strategies ?? []).map((one) => one.name);
  return html`<${Fragment}>
    ${releases.length > 1 && may("write") && html`<${Field} label=${t("try.release")}>${(a) => html`
      <select ...${a} value=${settings.release} onChange=${(event) => onChange({ ...settings, release: event.target.value, strategy: "" })}>
        ${releases.map((one) => html`<option key=${one.id} value=${one.active ? "" : one.id}>${formatTime(one.created_at)}${one.active ? ` · ${t("try.release.active")}` : ""}</option>`)}
      </select>`}<//>`}
    <${Field} label=${t("try.strategy")}>${(a) => html`
      <select ...${a} value=${settings.strategy} onChange=${(event) => onChange({ ...settings, strategy: event.target.value })}>
        <option value="">${t("try.strategy.all")}</option>
        ${strategies.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
      </select>`}<//>
  <//>`;
}
