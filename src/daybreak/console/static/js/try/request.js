// The state of the page "Try it" as a request for recommendations.

export const NOBODY = { mode: "invent", text: "", attributes: {}, favourites: [], userId: "" };
export const DEFAULTS = { popularity: null, diversity: 0, novelty: 0, explore: false, where: "", release: "", strategy: "", useModel: false, k: 12 };
const TYPES = { like: "like", dislike: "dislike", buy: "purchase" };

/**
 * Return the body of `POST /recommend`.
 * @param {typeof NOBODY} person
 * @param {{kind: string, item_id: string}[]} steps what the person did on the page
 * @param {typeof DEFAULTS} settings
 * @param {{noText?: boolean, noEvents?: boolean}} left what is left out, to compare
 */
export function toBody(person, steps, settings, left = {}) {
  const body = {};
  if (person.mode === "known" && person.userId) body.user_id = person.userId;
  if (person.mode === "invent") {
    const profile = {};
    for (const [name, value] of Object.entries(person.attributes)) if (value.trim()) profile[name] = value.trim();
    if (person.text.trim() && !left.noText) profile.text = person.text.trim();
    if (Object.keys(profile).length) body.profile = profile;
  }
  const favourites = person.mode === "invent" ? person.favourites.map((one) => ({ item_id: one.item_id, event_type: "like" })) : [];
  const events = steps.filter((step) => step.kind in TYPES).map((step) => ({ item_id: step.item_id, event_type: TYPES[step.kind] }));
  if (!left.noEvents && favourites.length + events.length) body.events = [...favourites, ...events];
  const hidden = steps.filter((step) => step.kind === "hide").map((step) => step.item_id);
  if (hidden.length) body.exclude = hidden;
  if (settings.popularity !== null) body.popularity = settings.popularity;
  if (settings.diversity > 0) body.diversity = settings.diversity;
  if (settings.novelty > 0) body.novelty = settings.novelty;
  if (settings.explore) body.explore = true;
  if (settings.where.trim()) body.where = settings.where.trim();
  for (const name of ["release", "strategy"]) if (settings[name]) body[name] = settings[name];
  return { ...body, k: settings.k, explain: true, record: false };
}

const GROUPS = {
  event: "own", history: "own", dislike: "own", word: "own", attribute: "own", repeat: "own",
  text: "said", said: "said", quantity: "said", profile: "profile", boost: "rules",
};
/** The kinds of evidence, in the order in which they are drawn. */
export const EVIDENCE = ["everybody", "profile", "said", "own", "rules"];

/** Return the share of each kind of evidence in the scores of a list. */
export function evidenceOf(items) {
  const sums = Object.fromEntries(EVIDENCE.map((name) => [name, 0]));
  for (const item of items) for (const reason of item.reasons) sums[GROUPS[reason.kind] ?? "everybody"] += Math.abs(reason.value);
  const total = Object.values(sums).reduce((sum, one) => sum + one, 0) || 1;
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / total]));
}
