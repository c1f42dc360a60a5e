// Who the list is for: an invented person or a known user.
import { Fragment, html, useState } from "../lib.js";
import { t } from "../i18n.js";
import { get } from "../api.js";
import { useLoaded } from "../load.js";
import { Card } from "../components/card.js";
import { Field, Segments } from "../components/form.js";
import { Combobox, searchItems, searchUsers, titleOf } from "../components/combobox.js";
import { Icon } from "../components/icon.js";

const MAX_ATTRIBUTES = 4;
const EXAMPLE_RANKS = [0, 7, 19];
const SAMPLED_USERS = 200;

/** Show the choice of a person; `onChange` gets the changed fields, or a function that returns them for a person. */
export function Person({ person, onChange }) {
  return html`<${Card} title=${t("try.person")} class="person">
    <${Segments} label=${t("try.person")} value=${person.mode} onChange=${(mode) => onChange({ mode })}
      options=${[["invent", t("try.invent")], ["known", t("try.known")]]} />
    ${person.mode === "invent" ? html`<${Invented} person=${person} onChange=${onChange} />` : html`<${Known} person=${person} onChange=${onChange} />`}
  <//>`;
}

function Invented({ person, onChange }) {
  const examples = useLoaded((signal) => get("popular", { k: 20 }, { signal }), []);
  const titles = EXAMPLE_RANKS.map((rank) => examples.data?.items[rank]).filter(Boolean).map((item) => titleOf(item));
  return html`<${Fragment}>
    <${Field} label=${t("try.sentence")}>
      ${(a) => html`<textarea ...${a} rows="3" maxlength="2000" placeholder=${t("try.sentence.hint")} value=${person.text} onInput=${(event) => onChange({ text: event.target.value })}></textarea>`}
    <//>
    ${titles.length > 0 && !person.text && html`<div class="examples"><span class="fine">${t("try.examples")}</span>
      ${titles.map((title) => html`<button key=${title} class="chip" onClick=${() => onChange({ text: t("try.example", { title }) })}>${t("try.example", { title })}</button>`)}</div>`}
    <${Attributes} values=${person.attributes} onChange=${(attributes) => onChange({ attributes })} />
    <${Favourites} chosen=${person.favourites} onChange=${(change) => onChange(({ favourites }) => ({ favourites: change(favourites) }))} />
  <//>`;
}

/** Offer the attributes that known users have, with the values that occur. */
function Attributes({ values, onChange }) {
  const { data } = useLoaded((signal) => get("users", { k: SAMPLED_USERS }, { signal }), []);
  const known = attributesOf(data?.users ?? []);
  if (!known.length) return null;
  return html`<div class="attributes">${known.map(([name, options]) => html`<${Field} key=${name} label=${name.replaceAll("_", " ")}>
    ${(a) => html`<select ...${a} value=${values[name] ?? ""} onChange=${(event) => onChange({ ...values, [name]: event.target.value })}>
      <option value="">${t("try.any")}</option>
      ${options.map((option) => html`<option key=${option} value=${option}>${option}</option>`)}
    </select>`}<//>`)}</div>`;
}

/** Return the attributes of users that have few values, with these values. */
function attributesOf(users) {
  const found = new Map();
  for (const { user_id: _, text: __, ...attributes } of users) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "object" || value === null) continue;
      if (!found.has(name)) found.set(name, new Set());
      found.get(name).add(String(value));
    }
  }
  return [...found].filter(([, options]) => options.size > 1 && options.size <= 60)
    .slice(0, MAX_ATTRIBUTES).map(([name, options]) => [name, [...options].sort()]);
}

/**
 * Items that an invented person likes: found one by one, or pasted as a list. `onChange` gets a function of
 * the items: others may be chosen while those of a list are looked up.
 */
function Favourites({ chosen, onChange }) {
  const [text, setText] = useState("");
  const [missing, setMissing] = useState([]);
  const add = (rows) => onChange((now) => [...now, ...rows.filter((row) => !now.some((one) => one.item_id === row.item_id))]);
  const paste = async (event) => {
    const lines = event.clipboardData.getData("text").split(/\r?\n|;/).map((line) => line.trim()).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    const found = await Promise.all(lines.slice(0, 100).map((line) => searchItems(line, undefined, 1).catch(() => [])));
    add(found.flat().map((option) => option.row));
    setMissing(lines.filter((_, index) => found[index]?.length === 0));
  };
  return html`<div class="favourites" onPaste=${paste}>
    <${Field} label=${t("try.favourites")} hint=${t("try.favourites.hint")} error=${missing.length ? t("try.favourites.missing", { titles: missing.join(", ") }) : ""}>
      ${(a) => html`<${Combobox} attributes=${a} value=${text} onInput=${setText} options=${searchItems} onPick=${(option) => { setText(""); setMissing([]); add([option.row]); }} />`}
    <//>
    ${chosen.length > 0 && html`<ul class="chips">${chosen.map((row) => html`<li key=${row.item_id}>
      <button class="chip" onClick=${() => onChange((now) => now.filter((one) => one !== row))}><span>${titleOf(row)}</span><${Icon} name="close" /><span class="hidden">${t("try.remove")}</span></button></li>`)}</ul>`}
  </div>`;
}

function Known({ person, onChange }) {
  const [text, setText] = useState(person.userId);
  const sample = useLoaded((signal) => get("users", { k: 6 }, { signal }), []);
  const choose = (userId) => { setText(userId); onChange({ userId }); };
  return html`<${Fragment}>
    <${Field} label=${t("try.user")} hint=${t("try.user.hint")}>
      ${(a) => html`<${Combobox} attributes=${a} value=${text} onInput=${(value) => { setText(value); onChange({ userId: value.trim() }); }} options=${searchUsers} onPick=${(option) => choose(option.id)} />`}
    <//>
    ${sample.data?.users.length > 0 && !person.userId && html`<div class="examples"><span class="fine">${t("try.examples")}</span>
      ${sample.data.users.map((row) => html`<button key=${row.user_id} class="chip" onClick=${() => choose(row.user_id)}>${row.user_id}</button>`)}</div>`}
  <//>`;
}
