// Try it: the list of a person, who may be known or invented, and how it changes.
import { html, classes, useEffect, useRef, useState } from "../lib.js";
import { formatNumber, languageOf, useTexts } from "../i18n.js";
import { post } from "../api.js";
import { useLoaded, useSettled } from "../load.js";
import { Card, PageHead } from "../components/card.js";
import { Toggle } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Snippet, toClientCall, toCurl } from "../components/snippet.js";
import { Icon } from "../components/icon.js";
import { titleOf } from "../components/combobox.js";
import { toast } from "../components/toast.js";
import { Cards, Comparison } from "../try/cards.js";
import { DEFAULTS, NOBODY, evidenceOf, toBody } from "../try/request.js";
import { hiddenBy, withAnswers } from "../try/answers.js";
import { AskMe, Interview, useInterview } from "../try/interview.js";
import { ListSettings } from "../try/settings.js";
import { Person } from "../try/person.js";
import { WarmUp } from "../try/warmup.js";
import { WhyNot } from "../try/why.js";

const SETTLE_MS = 200;
const MAX_COLUMNS = 16;

export default function TryPage({ route }) {
  const t = useTexts();
  const [person, setPerson] = useState(() => personOf(route.query));
  const [steps, setSteps] = useState([]);
  const [settings, setSettings] = useState(DEFAULTS);
  const [other, setOther] = useState(null);
  const body = toBody(person, steps, settings);
  const list = useList(body);
  const interview = useInterview(settings);
  const asking = interview.turns !== null;
  const told = interview.answer.data;
  const [ended, setEnded] = useState(null);
  const history = useHistory(asking ? "interview" : person, asking ? interview.turns : steps, asking ? told : list.data);
  const change = (fields) => { setPerson((now) => ({ ...now, ...(typeof fields === "function" ? fields(now) : fields) })); setSteps([]); };
  const act = (kind, item) => {
    setSteps([...steps, { kind, item_id: item.item_id, title: titleOf(item) }]);
    toast(t(`try.did.${kind}`, { title: titleOf(item) }));
  };
  const end = () => {
    const next = told ? withAnswers(person, told) : person;
    const hidden = told ? [...steps, ...hiddenBy(told)] : steps;
    const changed = JSON.stringify(toBody(next, hidden, settings)) !== JSON.stringify(body);
    setEnded({ answer: changed ? told : null, before: list.data });
    setPerson(next);
    setSteps(hidden);
    interview.setTurns(null);
  };
  // After an interview its list stays until that of the person has arrived.
  const held = ended?.before === list.data && !list.error ? ended?.answer : null;
  const shown = asking ? { ...interview.answer, data: told ?? list.data } : held ? { ...list, data: held } : list;
  const temperature = shown.data?.user.temperature;
  const nLiked = asking ? told?.understood.liked.length ?? 0 : steps.filter((step) => step.kind === "like" || step.kind === "buy").length + person.favourites.length;
  const filterError = list.error?.code === "bad_filter" ? list.error.message : "";
  return html`<div class="page-try stack">
    <${PageHead} title=${t("common.page.try")} lead=${t("try.lead")} />
    <div class=${classes("try-grid", asking && "asking")}>
      <div class="stack">
        ${asking ? html`<${Interview} interview=${interview} onEnd=${end} />` : html`<${Person} person=${person} onChange=${change} />`}
        ${!asking && person.mode === "invent" && html`<${AskMe} settings=${settings} onChange=${setSettings} onStart=${() => interview.setTurns([])} focused=${ended !== null} />`}
        <${WarmUp} history=${history} temperature=${temperature} nEvents=${nLiked} />
      </div>
      <div class="stack">
        ${!asking && html`<details class="card adjust"><summary><${Icon} name="settings" /><h2>${t("try.adjust")}</h2></summary>
          <${ListSettings} settings=${settings} onChange=${setSettings} error=${filterError} />
          <${Toggle} label=${t("try.compare")} value=${other !== null} onChange=${(on) => setOther(on ? { ...settings, noText: false, noEvents: false } : null)} />
        </details>`}
        ${!asking && steps.length > 0 && html`<${Steps} steps=${steps} onChange=${setSteps} />`}
        ${!asking && list.error && html`<${Problem} error=${list.error} retry=${filterError ? undefined : list.reload} />`}
        ${shown.data && (asking || other === null) && html`<${ListOf} list=${shown} onAct=${asking ? null : act} />`}
        ${!asking && other !== null && list.data && html`<${Compared} person=${person} steps=${steps} first=${list.data.items} settings=${other} onChange=${setOther} />`}
        <div class="grid">
          ${!asking && html`<${WhyNot} body=${body} />`}
          <${Card} title=${t("try.code")} hint=${t("try.code.hint")}><${Snippet} codes=${asking ? codesOf(interview.body, "interview") : codesOf(body)} /><//>
        </div>
      </div>
    </div>
  </div>`;
}

function personOf(query) {
  const userId = query.get("user") ?? "";
  return { ...NOBODY, text: query.get("text") ?? "", userId, mode: userId ? "known" : "invent" };
}

/** Ask for the list of a body: at once after a step, and after typing when it has not changed for a moment. */
function useList(body) {
  const now = JSON.stringify(body);
  const acted = JSON.stringify([body.events, body.exclude]);
  const settled = useSettled(now, SETTLE_MS);
  const wanted = useRef({ body: now, acted });
  if (wanted.current.acted !== acted || settled === now) wanted.current = { body: now, acted };
  const asked = wanted.current.body;
  return useLoaded((signal) => post("recommend", JSON.parse(asked), { signal }), [asked]);
}

/** Return the shares of evidence after each step of the person. */
function useHistory(person, steps, answer) {
  const kept = useRef([]);
  const who = JSON.stringify(person);
  const last = useRef(who);
  if (last.current !== who) { last.current = who; kept.current = []; }
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!answer) return;
    kept.current = [...kept.current.slice(0, steps.length), evidenceOf(answer.items)];
    redraw((n) => n + 1);
  }, [answer]);
  return kept.current.slice(-MAX_COLUMNS);
}

function Steps({ steps, onChange }) {
  const t = useTexts();
  return html`<div class="row steps"><ul class="chips">${steps.map((step, index) => html`<li key=${index}>
      <button class=${`chip ${step.kind}`} onClick=${() => onChange(steps.filter((_, at) => at !== index))}>
        <${Icon} name=${step.kind} /><span>${step.title}</span><${Icon} name="close" /><span class="hidden">${t("try.remove")}</span></button></li>`)}</ul>
    <button class="link" onClick=${() => onChange([])}>${t("try.start_again")}</button></div>`;
}

function ListOf({ list, onAct }) {
  const t = useTexts();
  const { items, notes, took_ms: took, user } = list.data;
  if (!items.length) return html`<${Notice} icon="search" title=${t("try.empty")}>${t("try.empty.hint")}<//>`;
  return html`<div class="stack">
    <p class="row between"><span class="muted">${t(`try.for.${user.temperature}`)}</span><span class="fine">${t("try.took", { ms: formatNumber(took, 0) })}</span></p>
    ${notes.map((note) => html`<p key=${note} class="fine" lang=${languageOf(note)}>${note}</p>`)}
    <${Cards} items=${items} onAct=${onAct} busy=${list.loading} />
  </div>`;
}

function Compared({ person, steps, first, settings, onChange }) {
  const t = useTexts();
  const body = toBody(person, steps, settings, settings);
  const list = useList(body);
  const filterError = list.error?.code === "bad_filter" ? list.error.message : "";
  const set = (name) => (value) => onChange({ ...settings, [name]: value });
  return html`<${Card} title=${t("try.compared")} hint=${t("try.compared.hint")}>
    <${ListSettings} settings=${settings} onChange=${(changed) => onChange({ ...settings, ...changed })} error=${filterError} />
    <div class="row"><${Toggle} label=${t("try.no_text")} value=${settings.noText} onChange=${set("noText")} />
      <${Toggle} label=${t("try.no_events")} value=${settings.noEvents} onChange=${set("noEvents")} /></div>
    ${list.error && !filterError && html`<${Problem} error=${list.error} retry=${list.reload} />`}
    ${list.data && html`<${Comparison} first=${first} second=${list.data.items} />`}
    <${Snippet} codes=${codesOf(body)} />
  <//>`;
}

/** Return a request for a list as code; only one that must be a trial says that it is. */
function codesOf({ record, ...asked }, path = "recommend") {
  const body = asked.release || asked.strategy ? { ...asked, record } : asked;
  return { curl: toCurl("POST", path, body), Python: toClientCall(path, body) };
}
