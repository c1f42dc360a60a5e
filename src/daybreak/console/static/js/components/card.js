// Sections of a page.
import { html, useId, classes } from "../lib.js";

/** Show the heading of a page, one sentence about it, and actions. */
export function PageHead({ title, lead, children }) {
  return html`<div class="page-head"><div><h1>${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
    ${children && html`<div class="actions">${children}</div>`}</div>`;
}

/** Show a section with a heading; `aside` stands beside the heading. */
export function Card({ title, hint, aside, children, class: name }) {
  const id = useId("card");
  return html`<section class=${classes("card", name)} aria-labelledby=${title ? id : undefined}>
    ${title && html`<div class="card-head"><h2 id=${id}>${title}</h2>${aside}</div>`}
    ${hint && html`<p class="muted">${hint}</p>`}
    ${children}
  </section>`;
}

/** Show one number with its name, and what it means. */
export function Figure({ label, value, note }) {
  return html`<div class="figure"><dt>${label}</dt><dd>${value}</dd>${note && html`<dd class="fine">${note}</dd>`}</div>`;
}

/** Show a word in a frame, such as a temperature. */
export function Tag({ kind, children }) {
  return html`<span class=${classes("tag", kind)}>${children}</span>`;
}
