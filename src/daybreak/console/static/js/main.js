// Starts the page: texts and session first, then the shell.
import { html, render } from "./lib.js";
import { language, loadTexts, setLanguage } from "./i18n.js";
import { loadSession, session } from "./api.js";
import { Shell } from "./shell.js";

async function start() {
  const root = document.getElementById("app");
  await Promise.all([
    loadTexts(["common"]).then(() => setLanguage(language.value)),
    loadSession().catch((error) => session.set({ needs_key: false, role: null, name: "", csrf_token: null, error })),
  ]);
  render(html`<${Shell} />`, root);
}
start();
