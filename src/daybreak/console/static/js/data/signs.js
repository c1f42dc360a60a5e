// Event types, and whether their events count for an item, against it, or not at all.
import { html } from "../lib.js";
import { formatNumber, t } from "../i18n.js";
import { Tag } from "../components/card.js";
import { Table } from "../components/table.js";

const KINDS = [["positive", "good"], ["negative", "bad"], ["seen", ""], ["outside", "warn"]];

/** Show the signs of event types; `types` as in `GET /data`. */
export function EventTypes({ types }) {
  const columns = [
    { key: "name", title: t("data.type"), cell: (row) => html`<span class="wrap">${row.name}</span>` },
    { key: "counts", title: t("data.counts"), cell: (row) => html`<span class="row">
      ${KINDS.filter(([kind]) => row[kind] > 0).map(([kind, tone]) => html`<${Tag} key=${kind} kind=${tone}>${t(`data.sign.${kind}`)}<//>`)}
      ${row.surprising && html`<span class="fine">${t("data.surprising")}</span>`}</span>` },
    ...KINDS.map(([kind]) => ({ key: kind, title: t(`data.sign.${kind}`), number: true, cell: (row) => row[kind] ? formatNumber(row[kind]) : "–" })),
  ];
  return html`<${Table} columns=${columns} rows=${types} rowKey=${(row) => row.name} caption=${t("data.types")} />`;
}
