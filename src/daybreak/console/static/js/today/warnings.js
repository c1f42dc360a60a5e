// Warnings in plain words, each with the next step.

const OLD_RELEASE_S = 14 * 86_400;
const HIGH_DRIFT = 0.25;
const MANY_COLD = 0.5;
const FEW_EVENTS = 100;

/**
 * Return what should be looked at, the most urgent first.
 * @param {object} status answer of `GET /status`
 * @param {object[]} tasks trainings, the newest first
 * @returns {{key: string, tone: "bad" | "warn", step?: string, values?: object}[]} `step` is a page, or `train`
 */
export function findWarnings(status, tasks) {
  const found = [];
  const faulty = Object.keys(status.faulty ?? {});
  const [latest] = tasks;
  const drift = Math.max(0, ...Object.values(status.drift_score ?? {}).filter(Number.isFinite));
  const add = (tone, key, step, values) => found.push({ tone, key, step, values });
  if (faulty.length) add("bad", "faulty", "releases", { release: faulty[0] });
  if (latest && ["failed", "lost"].includes(latest.status)) add("bad", "failed", "releases", { note: latest.note });
  if (status.lost_answers > 0) add("bad", "lost", undefined, { n: status.lost_answers });
  if (!status.release && !status.training) {
    if (status.events) add("warn", "untrained", "train");
    else add("warn", "no_events", "data");
  }
  if (latest?.status === "refused") add("warn", "refused", "releases", { note: latest.note });
  const moved = status.drift_score?.interests > 0; // 0 up to what was usual in the past
  if (status.release && (drift > HIGH_DRIFT || moved)) add("warn", "drift", "train", { score: drift });
  if (status.release && status.model_age_seconds > OLD_RELEASE_S) add("warn", "old", "train", { n: Math.round(status.model_age_seconds / 86_400) });
  if (status.events > 0 && status.events < FEW_EVENTS) add("warn", "few_events", "data", { n: status.events });
  if (status.events && status.cold_item_ratio > MANY_COLD) add("warn", "cold_items", "new", { n: Math.round(status.cold_item_ratio * status.items) });
  if (status.events && !status.items) add("warn", "no_items", "data");
  return found;
}
