// Tables whose numbers are aligned.
import { html, classes } from "../lib.js";
import { t } from "../i18n.js";

/**
 * Show rows. `columns` is a list of `{key, title, number?, cell?: (row) => content}`.
 * `caption` is read by screen readers; `onPick` makes rows open something.
 */
export function Table({ columns, rows, caption, rowKey = (row) => row.id, empty }) {
  if (!rows.length) return html`<p class="muted">${empty ?? t("common.nothing")}</p>`;
  return html`<div class="table-frame" tabindex="0" role="region" aria-label=${caption}>
    <table><caption class="hidden">${caption}</caption>
      <thead><tr>${columns.map((column) => html`<th key=${column.key} scope="col" class=${classes(column.number && "number")}>${column.title}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${rowKey(row)}>
        ${columns.map((column) => html`<td key=${column.key} class=${classes(column.number && "number")}>${column.cell ? column.cell(row) : row[column.key]}</td>`)}
      </tr>`)}</tbody>
    </table></div>`;
}
