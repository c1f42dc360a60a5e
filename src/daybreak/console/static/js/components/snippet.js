// The requests of the page as curl and Python, to copy.
import { html, useState } from "../lib.js";
import { t, useTexts } from "../i18n.js";
import { ROOT, session } from "../api.js";
import { Segments } from "./form.js";
import { toast } from "./toast.js";
import { Icon } from "./icon.js";

const shellQuote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Return a request as a curl command. */
export function toCurl(method, path, body) {
  const key = session.value?.needs_key ? ' -H "X-API-Key: $KEY"' : "";
  const verb = method === "GET" || (method === "POST" && body !== undefined) ? "" : ` -X ${method}`;
  const data = body === undefined ? "" : ` --json ${shellQuote(JSON.stringify(body))}`;
  return `curl -s${verb}${key} ${shellQuote(new URL(path, ROOT).href)}${data}`;
}

/** Return a JSON value as a Python literal. */
export function toPython(value, indent = "") {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map((one) => toPython(one)).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, one]) => `${toPython(name)}: ${toPython(one)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** Return a call of the Python client: `shop.recommend(user_id="ann", k=5)`. */
export function toClientCall(method, values = {}, positional = []) {
  const args = [
    ...positional.map((one) => toPython(one)),
    ...Object.entries(values).filter(([, one]) => one !== undefined).map(([name, one]) => `${name}=${toPython(one)}`),
  ];
  const inline = args.join(", ");
  const call = inline.length < 60 ? `(${inline})` : `(\n    ${args.join(",\n    ")},\n)`;
  const key = session.value?.needs_key ? ", api_key=KEY" : "";
  const root = JSON.stringify(ROOT.href.replace(/\/api\/v1\/$/, ""));
  return `from daybreak import Client\n\nshop = Client(${root}${key})\nanswer = shop.${method}${call}`;
}

/** Show code in several languages; `codes` is `{curl: "...", Python: "..."}`. */
export function Snippet({ codes }) {
  useTexts();
  const names = Object.keys(codes);
  const [name, setName] = useState(names[0]);
  const code = codes[name] ?? codes[names[0]];
  const copy = async () => {
    try { await navigator.clipboard.writeText(code); toast(t("common.copied")); }
    catch { toast(t("common.not_copied"), { kind: "error" }); }
  };
  return html`<div class="snippet-frame">
    <div class="snippet-head">
      <${Segments} label=${t("common.code")} options=${names.map((one) => [one, one])} value=${name} onChange=${setName} />
      <button class="quiet" onClick=${copy}><${Icon} name="copy" /> ${t("common.copy")}</button>
    </div>
    <pre class="snippet" tabindex="0"><code>${code}</code></pre>
  </div>`;
}
