// Hooks for reading the API.
import { language } from "./i18n.js";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "./lib.js";

/**
 * Call an asynchronous function when a value of `inputs` changes; earlier calls are cancelled.
 * @param {(signal: AbortSignal) => Promise<any>} read
 * @returns {{data: any, error: Error | null, loading: boolean, reload: () => void, refresh: () => void}} the last data stay visible while new ones load;
 *   `refresh` is for calls at intervals: it lets a call that still runs end, so that a slow server is not asked anew before each answer
 */
export function useLoaded(read, inputs = []) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const [turn, setTurn] = useState(0);
  const running = useRef(false);
  // A layout effect: nobody can click while the data of earlier inputs do not count as loading yet.
  useLayoutEffect(() => {
    const abort = new AbortController();
    running.current = true;
    setState((old) => ({ ...old, loading: true }));
    read(abort.signal).then(
      (data) => { if (!abort.signal.aborted) { running.current = false; setState({ data, error: null, loading: false }); } },
      (error) => {
        if (abort.signal.aborted) return;
        running.current = false;
        if (error.name !== "AbortError") setState((old) => ({ ...old, error, loading: false }));
      },
    );
    return () => abort.abort();
  }, [...inputs, turn, language.value]); // the server writes its messages in the language of the page
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const refresh = useCallback(() => { if (!running.current) reload(); }, []);
  return { ...state, reload, refresh };
}

/**
 * Call a function when a task has ended, also if it began and ended between two readings of the tasks.
 * @param {object[] | undefined} tasks undefined: not known yet
 * @param {boolean} isRunning
 * @param {{id: string} | undefined} last the newest of the tasks that matter
 */
export function useTaskEnd(tasks, isRunning, last, action) {
  const ended = isRunning ? "" : last?.id ?? "none";
  const known = useRef(null);
  useEffect(() => {
    if (!tasks) return;
    if (ended && known.current !== null && ended !== known.current) action();
    known.current = ended;
  }, [tasks]);
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
