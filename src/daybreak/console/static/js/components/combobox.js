// A text field with suggestions, for searching and for completion (ARIA: combobox with listbox).
import { html, useEffect, useId, useRef, useState, classes } from "../lib.js";
import { t, useTexts } from "../i18n.js";
import { get } from "../api.js";
import { useSettled } from "../load.js";

const SETTLE_MS = 150;

/**
 * Show a text field with suggestions.
 * @param {{
 *   value: string, onInput: (text: string) => void, onPick: (option: object) => void,
 *   options: (text: string, signal: AbortSignal) => Promise<object[]>, placeholder?: string,
 *   attributes?: object, whenEmpty?: boolean,
 * }} props `options` returns `{id, label, detail?}`; `attributes` are those of `Field`;
 *   and is called again when it is another function; `whenEmpty`: whether there are suggestions before something is typed
 */
export function Combobox({ value, onInput, onPick, options, placeholder, attributes = {}, whenEmpty = false }) {
  useTexts();
  const id = useId("combobox");
  const [found, setFound] = useState([]);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const settled = useSettled(value, SETTLE_MS);
  const listRef = useRef(null);
  useEffect(() => {
    if (!open || (!whenEmpty && !settled.trim())) { setFound([]); return undefined; }
    const abort = new AbortController();
    options(settled, abort.signal).then(
      (list) => { if (!abort.signal.aborted) { setFound(list); setActive(-1); } },
      () => { if (!abort.signal.aborted) setFound([]); },
    );
    return () => abort.abort();
  }, [settled, open, options]);
  useEffect(() => { listRef.current?.children[active]?.scrollIntoView({ block: "nearest" }); }, [active]);
  const pick = (option) => { setOpen(false); setActive(-1); onPick(option); };
  const shown = open && found.length > 0;
  const keys = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (found.length) setActive((now) => (now + step + found.length + (now < 0 && step < 0 ? 1 : 0)) % found.length);
    } else if (event.key === "Enter" && shown && active >= 0) {
      event.preventDefault();
      pick(found[active]);
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return html`<div class="combobox">
    <input ...${attributes} type="text" role="combobox" autocomplete="off" spellcheck="false" placeholder=${placeholder} value=${value}
      aria-autocomplete="list" aria-expanded=${shown} aria-controls=${shown ? id : undefined}
      aria-activedescendant=${shown && active >= 0 ? `${id}-${active}` : undefined}
      onInput=${(event) => { setOpen(true); onInput(event.target.value); }}
      onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${keys} />
    ${shown && html`<ul id=${id} ref=${listRef} class="suggestions" role="listbox" aria-label=${t("common.suggestions")}>
      ${found.map((option, index) => html`<li key=${option.id} id=${`${id}-${index}`} role="option" aria-selected=${index === active}
          class=${classes(index === active && "active")} onMouseDown=${(event) => { event.preventDefault(); pick(option); }}>
        <span>${option.label}</span>${option.detail && html`<span class="fine">${option.detail}</span>`}</li>`)}
    </ul>`}
  </div>`;
}

/** Return the title of an item or user for display: its id where there is none but blanks. */
export const titleOf = (row) => [row.title, row.name, row.properties?.title, row.properties?.name, row.item_id, row.user_id]
  .map((one) => String(one ?? "")).find((one) => one.trim()) ?? "";

/** Return items whose id or title has all words of a text, as suggestions. */
export async function searchItems(text, signal, k = 12) {
  const { items } = await get("items", { search: text, k }, { signal });
  return items.map((row) => ({ id: row.item_id, label: titleOf(row), detail: row.title ? row.item_id : undefined, row }));
}
/** Return users whose id or name has all words of a text, as suggestions. */
export async function searchUsers(text, signal, k = 12) {
  const { users } = await get("users", { search: text, k }, { signal });
  return users.map((row) => ({ id: row.user_id, label: row.user_id, detail: row.name ?? row.country, row }));
}
