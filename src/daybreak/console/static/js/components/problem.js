// Messages in the place where something is missing or has failed.
import { html, classes } from "../lib.js";
import { hasText, languageOf, t, useTexts } from "../i18n.js";
import { Icon } from "./icon.js";

/** Show an error of the API: a headline in the language of the page, then what the server says. */
export function Problem({ error, retry }) {
  useTexts();
  if (!error) return null;
  const key = `common.error.${error.code}`;
  const faults = error.faults ?? [];
  return html`<div class="problem" role="alert">
    <${Icon} name="alert" />
    <div>
      <p class="strong">${hasText(key) ? t(key) : t("common.error")}</p>
      ${error.message && html`<p lang=${languageOf(error.message)}>${error.message}</p>`}
      ${faults.length > 1 && html`<ul>${faults.map((fault) => html`<li key=${fault.at} lang=${languageOf(fault.expected)}>${fault.at}: ${fault.expected}</li>`)}</ul>`}
      ${error.code === "bug" && error.requestId && html`<p class="fine">${t("common.request_id", { id: error.requestId })}</p>`}
      ${retry && html`<button onClick=${retry}>${t("common.retry")}</button>`}
    </div>
  </div>`;
}

/** Show a calm message, for example that there is nothing yet. */
export function Notice({ children, busy, icon, title }) {
  return html`<div class=${classes("notice", busy && "busy")} role="status">
    ${icon && html`<${Icon} name=${icon} />`}
    <div>${title && html`<p class="strong">${title}</p>`}${children}</div>
  </div>`;
}
