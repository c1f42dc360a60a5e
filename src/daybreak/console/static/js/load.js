// Hooks for reading the API.
import { language } from "./i18n.js";
import { useCallback, useEffect, useRef, useState } from "./lib.js";

/**
 * Call an asynchronous function when a value of `inputs` changes; earlier calls are cancelled.
 * @param {(signal: AbortSignal) => Promise<any>} read
 * @returns {{data: any, error: Error | null, loading: boolean, reload: () => void}} the last data stay visible while new ones load
 */
export function useLoaded(read, inputs = []) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    setState((old) => ({ ...old, loading: true }));
    read(abort.signal).then(
      (data) => { if (!abort.signal.aborted) setState({ data, error: null, loading: false }); },
      (error) => {
        if (!abort.signal.aborted && error.name !== "AbortError") setState((old) => ({ ...old, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [...inputs, turn, language.value]); // the server writes its messages in the language of the page
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { ...state, reload };
}

/** Call a function at intervals while the page is visible, and at once when it is seen again after a longer time. */
export function useInterval(action, seconds) {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    if (!seconds) return undefined;
    let called = Date.now();
    const call = () => { if (!document.hidden) { called = Date.now(); latest.current(); } };
    const seen = () => { if (Date.now() - called > seconds * 1000) call(); };
    const timer = setInterval(call, seconds * 1000);
    document.addEventListener("visibilitychange", seen);
    return () => { clearInterval(timer); document.removeEventListener("visibilitychange", seen); };
  }, [seconds]);
}

/** Return a value once it has not changed for a time. */
export function useSettled(value, milliseconds = 200) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
