// Login with an API key.
import { html, useState } from "../lib.js";
import { t, useTexts } from "../i18n.js";
import { logIn } from "../api.js";
import { Field } from "./form.js";

export function Login() {
  useTexts();
  const [key, setKey] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try { await logIn(key.trim()); }
    catch (failure) {
      setError(failure.code === "wrong_key" ? t("common.error.wrong_key") : failure.message || t("common.error.unreachable"));
      setBusy(false);
    }
  };
  return html`<section class="login card" aria-labelledby="login-title">
    <h1 id="login-title">${t("common.login")}</h1>
    <p class="muted">${t("common.login.hint")}</p>
    <form onSubmit=${submit}>
      <${Field} label=${t("common.key")} error=${error}>
        ${(attributes) => html`<input ...${attributes} type="password" autocomplete="current-password" spellcheck="false" required value=${key} onInput=${(event) => setKey(event.target.value)} />`}
      <//>
      <button class="primary" disabled=${busy}>${t("common.log_in")}</button>
    </form>
    <pre class="snippet"><code>daybreak keys create --role admin</code></pre>
  </section>`;
}
