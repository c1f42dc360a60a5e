// Values that several components share and that redraw them when they change.
import { useLayoutEffect, useState } from "./lib.js";

/** A value with listeners. */
export class Shared {
  constructor(value) { this.value = value; this.listeners = new Set(); }
  set(value) {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener(value);
  }
  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** Return the current value of a shared value; the component follows it. */
export function useShared(shared) {
  const [, redraw] = useState(0);
  // Listens before anything else can run: a change between drawing and listening would not be seen.
  useLayoutEffect(() => shared.listen(() => redraw((n) => n + 1)), [shared]);
  return shared.value;
}

/** Return a setting that this browser keeps; storage may be switched off. */
export function kept(name, fallback) {
  try { return JSON.parse(localStorage.getItem(`daybreak.${name}`)) ?? fallback; }
  catch { return fallback; }
}
export function keep(name, value) {
  try { localStorage.setItem(`daybreak.${name}`, JSON.stringify(value)); }
  catch { /* the setting holds until the page is closed */ }
}
