// An interview as a request, and what its answers say as parts of an invented person.
import { language, t } from "../i18n.js";
import { get, part, post } from "../api.js";
import { titleOf } from "../components/combobox.js";

export const MAX_QUESTIONS = 5;
/** Length of the longest answer in words, and of the sentence of a person [characters]. */
export const MAX_ANSWER_CHARS = 1000;
const MAX_SENTENCE_CHARS = 2000;
/** The server reads it in every language of the page. */
export const NONE_OF_THESE = "none of these";

/** Return the body of `POST /interview`. */
export function toInterview(turns, settings) {
  const body = { turns, language: language.value, k: settings.k };
  if (settings.where.trim()) body.where = settings.where.trim();
  if (settings.useModel) body.use_model = true;
  return { ...body, record: false };
}

/** Return the answer to a question as a turn of the interview; without choices and words it is skipped. */
export function toTurn(question, { chosen = [], text = "" } = {}) {
  return { kind: question.kind, name: question.name, shown: question.choices.map((one) => one.id), chosen, text };
}

/** Ask for the next question and the list, and for the titles of the items that the answers name. */
export async function readInterview(body, signal) {
  const answer = await post("interview", body, { signal });
  const named = [...answer.understood.liked, ...answer.understood.disliked];
  const titles = await Promise.all(named.map((id) => get(`items/${part(id)}`, {}, { signal }).then(titleOf, () => id)));
  return { ...answer, titles: new Map(named.map((id, index) => [id, titles[index]])) };
}

/** Say in one sentence what the answers were understood to mean. */
export function describeAnswers({ understood, titles }) {
  const join = (ids, pairs) => [...ids.map((id) => titles.get(id)), ...pairs.map(([, value]) => value)].join(t("try.ask.comma"));
  const likes = join(understood.liked, understood.wanted), not = join(understood.disliked, understood.unwanted);
  const parts = [
    likes && t("try.ask.likes", { names: likes }),
    not && t("try.ask.not", { names: not }),
    understood.text && t("try.ask.words", { text: understood.text }),
  ].filter(Boolean);
  return parts.length ? t("try.ask.understood", { parts: parts.join(t("try.ask.semicolon")) }) : t("try.ask.nothing");
}

/** Return the person with the answers: liked items are favourites, all else is part of the sentence. */
export function withAnswers(person, { understood, titles }) {
  const liked = understood.liked.filter((id) => !person.favourites.some((one) => one.item_id === id));
  const said = understood.text.toLowerCase();
  const values = (pairs) => pairs.map(([, value]) => value).filter((value) => !said.includes(value.toLowerCase()));
  const words = [person.text.trim(), ...values(understood.wanted), understood.text, ...values(understood.unwanted).map((value) => t("try.ask.without", { value }))];
  return {
    ...person,
    favourites: [...person.favourites, ...liked.map((id) => ({ item_id: id, title: titles.get(id) }))],
    text: words.filter(Boolean).join(t("try.ask.comma")).slice(0, MAX_SENTENCE_CHARS),
  };
}

/** Return the disliked items as steps of the person that hide them. */
export const hiddenBy = ({ understood, titles }) => understood.disliked.map((id) => ({ kind: "hide", item_id: id, title: titles.get(id) }));
