// Dialogs: the browser keeps the focus inside and closes them with Escape.
import { html, useEffect, useId, useRef } from "../lib.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** Show a dialog while the component is drawn. */
export function Dialog({ title, onClose, children, actions }) {
  const ref = useRef(null);
  const id = useId("dialog");
  useEffect(() => {
    const element = ref.current;
    const before = document.activeElement;
    element.showModal();
    return () => { element.close(); before?.focus?.(); };
  }, []);
  const outside = (event) => { if (event.target === ref.current) onClose(); };
  return html`<dialog ref=${ref} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); onClose(); }} onClick=${outside}>
    <div class="dialog-body">
      <div class="card-head"><h2 id=${id}>${title}</h2>
        <button class="quiet round" onClick=${onClose}><${Icon} name="close" /><span class="hidden">${t("common.close")}</span></button></div>
      ${children}
      ${actions && html`<div class="actions">${actions}</div>`}
    </div>
  </dialog>`;
}

/** Ask before something that cannot be undone. */
export function Confirm({ title, text, action, onConfirm, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose} actions=${html`
      <button onClick=${onClose}>${t("common.cancel")}</button>
      <button class="primary danger" onClick=${onConfirm}>${action}</button>`}><p>${text}</p><//>`;
}
