// Short messages at the edge of the page; screen readers read them when they appear.
import { html } from "../lib.js";
import { Shared, useShared } from "../store.js";
import { hasText, t } from "../i18n.js";

const VISIBLE_MS = 6_000;
const toasts = new Shared([]);
let nextId = 0;

/** Show a message; `action` is `{label, run}`. */
export function toast(text, { kind = "info", action } = {}) {
  const one = { id: ++nextId, text, kind, action };
  toasts.set([...toasts.value.slice(-2), one]);
  setTimeout(() => close(one.id), VISIBLE_MS);
}
/** Show an error of the API. */
export function toastError(error) {
  if (error.name === "AbortError") return;
  const key = `common.error.${error.code}`;
  toast(error.message || (hasText(key) ? t(key) : t("common.error")), { kind: "error" });
}
const close = (id) => toasts.set(toasts.value.filter((one) => one.id !== id));

export function Toasts() {
  const shown = useShared(toasts);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.map((one) => html`<div key=${one.id} class=${`toast ${one.kind}`}>
      <span>${one.text}</span>
      ${one.action && html`<button class="link" onClick=${() => { one.action.run(); close(one.id); }}>${one.action.label}</button>`}
    </div>`)}
  </div>`;
}
