// Fields of forms with their errors in place.
import { html, useId, classes } from "../lib.js";

/**
 * Show a label, a control, a hint and an error. `children` is a function that returns the control
 * and spreads the attributes it gets: `${(a) => html`<input ...${a} />`}`.
 */
export function Field({ label, hint, error, children, wide, hideLabel }) {
  const id = useId("field");
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return html`<div class=${classes("field", wide && "wide", error && "faulty")}>
    <label for=${id} class=${hideLabel ? "hidden" : undefined}>${label}</label>
    ${children({ id, "aria-describedby": described, "aria-invalid": error ? "true" : undefined })}
    ${hint && html`<p class="fine" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="fault" id=${`${id}-error`} role="alert">${error}</p>`}
  </div>`;
}

/** Show a slider from 0 to 1 with its ends in words. */
export function Slider({ label, low, high, value, onChange, unset, step = 0.05 }) {
  const id = useId("slider");
  const shown = value === null ? unset : Math.round(value * 100) + " %";
  return html`<div class="slider">
    <label for=${id}>${label}</label><output for=${id}>${shown}</output>
    <input id=${id} type="range" min="0" max="1" step=${step} value=${value ?? 0.5}
      aria-valuetext=${shown} class=${value === null ? "unset" : undefined}
      onInput=${(event) => onChange(Number(event.target.value))} />
    <span class="fine">${low}</span><span class="fine end">${high}</span>
  </div>`;
}

/** Show a choice of a few options as a group of buttons; `options` is a list of `[value, text]`. */
export function Segments({ label, options, value, onChange }) {
  const name = useId("segments");
  return html`<fieldset class="segments"><legend class="hidden">${label}</legend>
    ${options.map(([option, text]) => html`<label key=${option}>
      <input type="radio" name=${name} value=${option} checked=${option === value} onChange=${() => onChange(option)} />
      <span>${text}</span></label>`)}
  </fieldset>`;
}

/** Show a switch. */
export function Toggle({ label, value, onChange }) {
  return html`<label class="toggle"><input type="checkbox" role="switch" checked=${value} onChange=${(event) => onChange(event.target.checked)} /><span>${label}</span></label>`;
}
