// "Ask me": a few questions instead of a form; the list follows the answers.
import { html, useEffect, useId, useRef, useState } from "../lib.js";
import { t } from "../i18n.js";
import { useLoaded } from "../load.js";
import { Card } from "../components/card.js";
import { get } from "../api.js";
import { Field, Toggle } from "../components/form.js";
import { Notice, Problem } from "../components/problem.js";
import { Icon } from "../components/icon.js";
import { MAX_ANSWER_CHARS, MAX_QUESTIONS, NONE_OF_THESE, describeAnswers, readInterview, toInterview, toTurn } from "./answers.js";

/**
 * Hold an interview.
 * @returns {{turns: object[] | null, body: object, answer: object, setTurns: (turns: object[] | null) => void}}
 *   `turns` is null while nobody is asked; `answer` is what `useLoaded` returns for `POST /interview`
 */
export function useInterview(settings) {
  const [turns, setTurns] = useState(null);
  const body = toInterview(turns ?? [], settings);
  const asked = turns && JSON.stringify(body);
  const answer = useLoaded((signal) => asked ? readInterview(JSON.parse(asked), signal) : Promise.resolve(null), [asked]);
  return { turns, body, answer, setTurns };
}

/** Offer the interview; `focused`: whether the button gets the focus, as after an interview. */
export function AskMe({ settings, onChange, onStart, focused }) {
  const button = useRef(null);
  const { data: status } = useLoaded((signal) => get("status", {}, { signal }), []);
  useEffect(() => { if (focused) button.current.focus(); }, []);
  return html`<${Card} title=${t("try.ask")} hint=${t("try.ask.hint", { n: MAX_QUESTIONS })} class="ask-me">
    <div class="actions"><button ref=${button} onClick=${onStart}><${Icon} name="question" /> ${t("try.ask.start")}</button>
      ${status?.language_model && html`<${Toggle} label=${t("try.ask.model")} value=${settings.useModel} onChange=${(on) => onChange({ ...settings, useModel: on })} />`}</div>
  <//>`;
}

/** Show the question of an interview with its answers; `onEnd` is called when the person has had enough. */
export function Interview({ interview, onEnd }) {
  const { turns, answer, setTurns } = interview;
  const { data, error, loading, reload } = answer;
  const heading = useRef(null);
  const n = data?.turns.length;
  useEffect(() => { heading.current?.focus(); }, [n]);
  const question = data?.question;
  const busy = loading || error !== null;
  const add = (given) => { if (!busy) setTurns([...turns, toTurn(question, given)]); };
  const over = data && !question;
  return html`<${Card} title=${t("try.ask")} class="interview" aside=${question && html`<span class="fine">${t("try.ask.progress", { n: n + 1, of: MAX_QUESTIONS })}</span>`}>
    <p class=${n ? "understood" : "hidden"} role="status">${n ? describeAnswers(data) : ""}</p>
    ${!data && !error && html`<${Notice} busy>${t("common.loading")}<//>`}
    ${data && html`<h3 ref=${heading} tabindex="-1">${question ? question.text : t("try.ask.over")}</h3>`}
    ${question && html`<${Answers} key=${n} question=${question} busy=${busy} onAnswer=${add} />`}
    ${error && html`<${Problem} error=${error} retry=${reload} />`}
    <div class="actions foot">
      ${turns.length > 0 && html`<button class="quiet" onClick=${() => setTurns(turns.slice(0, -1))}>${t("try.ask.undo")}</button>`}
      <button class=${over ? "primary" : "quiet"} disabled=${data !== null && loading} onClick=${onEnd}>${t("try.ask.end")}</button>
    </div>
  <//>`;
}

/** Show the choices of a question, of which several may be chosen, and a field for other words. */
function Answers({ question, busy, onAnswer }) {
  const id = useId("choices");
  const [chosen, setChosen] = useState([]);
  const [text, setText] = useState("");
  const toggle = (one) => setChosen(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  const said = chosen.length > 0 || text.trim() !== "";
  const submit = (event) => { event.preventDefault(); if (said) onAnswer({ chosen, text: text.trim() }); };
  const offers = question.choices.length > 0;
  return html`<form class="stack" onSubmit=${submit}>
    ${offers && html`<div role="group" aria-labelledby=${id}><span class="hidden" id=${id}>${t("try.ask.choices")}</span>
      <ul class="chips">${question.choices.map((choice) => html`<li key=${choice.id}>
        <button type="button" class="chip" aria-pressed=${chosen.includes(choice.id)} onClick=${() => toggle(choice.id)}>
          <${Icon} name=${chosen.includes(choice.id) ? "check" : "plus"} /><span>${choice.label}</span></button></li>`)}</ul></div>`}
    <${Field} label=${t("try.ask.own")}>
      ${(a) => html`<input ...${a} type="text" autocomplete="off" maxlength=${MAX_ANSWER_CHARS} placeholder=${t("try.ask.own.hint")} value=${text} onInput=${(event) => setText(event.target.value)} />`}
    <//>
    <div class="actions">
      <button class="primary" disabled=${busy || !said}>${t("try.ask.answer")}</button>
      ${offers && html`<button type="button" disabled=${busy} onClick=${() => onAnswer({ text: NONE_OF_THESE })}>${t("try.ask.none")}</button>`}
      <button type="button" disabled=${busy} onClick=${() => onAnswer()}>${t("try.ask.skip")}</button>
    </div>
  </form>`;
}
