// The frame of every page: menu, language, colours, login.
import { Fragment, html, useEffect, useState, classes } from "./lib.js";
import { LANGUAGES, language, loadTexts, setLanguage, t, useTexts } from "./i18n.js";
import { PAGES, href, useRoute } from "./router.js";
import { useShared } from "./store.js";
import { logOut, session } from "./api.js";
import { Icon } from "./components/icon.js";
import { Notice, Problem } from "./components/problem.js";
import { Toasts } from "./components/toast.js";
import { Login } from "./components/login.js";

/** Pages whose components use texts of other pages as well. */
const BORROWED_TEXTS = { settings: ["try"] };

/** Show the page of the address, or the login. */
export function Shell() {
  useTexts();
  const route = useRoute();
  const rights = useShared(session);
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route.page]);
  const locked = rights.needs_key && !rights.role;
  return html`<${Fragment}>
    <a class="skip" href="#main" onClick=${skip}>${t("common.skip")}</a>
    <div class="shell">
      <header class="side">
        <a class="brand" href="#/today"><${Icon} name="sun" /><span>Daybreak</span></a>
        <button class="menu-button" aria-expanded=${open} aria-controls="menu" onClick=${() => setOpen(!open)}>
          <${Icon} name=${open ? "close" : "menu"} /><span class="hidden">${t("common.menu")}</span>
        </button>
        <div id="menu" class=${classes("side-body", open && "open")}>
          <${Menu} current=${route.page} />
          <${Preferences} rights=${rights} />
        </div>
      </header>
      <main id="main" tabindex="-1">
        ${rights.error && html`<${Problem} error=${rights.error} />`}
        ${!rights.error && (locked ? html`<${Login} />` : html`<${Page} key=${route.page} route=${route} />`)}
      </main>
    </div>
    <${Toasts} />
  <//>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Menu({ current }) {
  return html`<nav aria-label=${t("common.menu")}><ul>
    ${Object.keys(PAGES).map((page) => html`<li key=${page}>
      <a href=${href(page)} aria-current=${page === current ? "page" : undefined}>
        <${Icon} name=${page} /><span>${t(`common.page.${page}`)}</span>
      </a></li>`)}
  </ul></nav>`;
}

function Preferences({ rights }) {
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme ?? "auto");
  const change = (event) => {
    const value = event.target.value;
    setTheme(value);
    if (value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
    try { localStorage.setItem("daybreak.theme", value); } catch { /* it holds for this visit */ }
  };
  return html`<div class="preferences">
    <label><span>${t("common.language")}</span>
      <select value=${language.value} onChange=${(event) => setLanguage(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([name, title]) => html`<option key=${name} value=${name}>${title}</option>`)}
      </select></label>
    <label><span>${t("common.theme")}</span>
      <select value=${theme} onChange=${change}>
        ${["auto", "light", "dark"].map((name) => html`<option key=${name} value=${name}>${t(`common.theme.${name}`)}</option>`)}
      </select></label>
    <p class="fine">
      ${rights.needs_key && rights.role && html`<span>${t("common.role", { role: rights.role })}</span> <button class="link" onClick=${logOut}>${t("common.log_out")}</button> · `}
      <a href="docs">${t("common.api")}</a>${rights.version ? ` · ${rights.version}` : ""}
    </p>
  </div>`;
}

let pageWasShown = false;

/** Load the module and the texts of a page, then draw it; the focus moves to every page but the first of a visit. */
function Page({ route }) {
  const [state, setState] = useState({});
  useEffect(() => {
    let alive = true;
    Promise.all([PAGES[route.page](), loadTexts([route.page, ...(BORROWED_TEXTS[route.page] ?? [])]), loadSheet(route.page)]).then(
      ([module]) => { if (alive) setState({ View: module.default }); },
      (error) => { if (alive) setState({ error }); },
    );
    return () => { alive = false; };
  }, [route.page]);
  useEffect(() => {
    if (!state.View) return;
    if (pageWasShown) document.getElementById("main").focus({ preventScroll: true });
    pageWasShown = true;
  }, [state.View]);
  useEffect(() => {
    if (state.View) document.title = `${t(`common.page.${route.page}`)} · Daybreak`;
  }, [state.View, language.value]);
  if (state.error) return html`<${Problem} error=${state.error} />`;
  return state.View ? html`<${state.View} route=${route} />` : html`<${Notice} busy>${t("common.loading")}<//>`;
}

const sheets = new Map();
/** Load the style sheet of a page before the page is drawn. */
function loadSheet(page) {
  if (!sheets.has(page)) {
    sheets.set(page, new Promise((resolve) => {
      const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL(`../css/pages/${page}.css`, import.meta.url).href });
      sheet.onload = sheet.onerror = resolve;
      document.head.append(sheet);
    }));
  }
  return sheets.get(page);
}
