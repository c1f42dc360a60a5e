// The rendering library: Preact with tagged templates instead of JSX, so that no build is needed.
import { h, render, Fragment, createContext } from "../vendor/preact.js";
import { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
export { render, Fragment, createContext };
export { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback, useContext };

/** Return class names that are set, for the attribute `class`. */
export const classes = (...names) => names.filter(Boolean).join(" ");

let nextId = 0;
/** Return an id that is unique in the document and stays the same between drawings. */
export function useId(prefix = "id") {
  const ref = useRef(null);
  if (ref.current === null) ref.current = `${prefix}-${++nextId}`;
  return ref.current;
}
