// Keys: who may do what. A new one is shown once, and can be withdrawn from the next request on.

import { confirmed } from "../elements/confirm.js";
import { table } from "../elements/table.js";
import { ask } from "../lib/api.js";
import { field, onSubmit, summary, tell, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";
import { day, daysFromNow, moment } from "../lib/words.js";

export async function keys(main, context) {
  const { signal } = context;
  const [{ body: found }, { body: named }] = await Promise.all([
    ask("GET", "/v1/keys", { signal }),
    ask("GET", "/v1/roles", { signal }),
  ]);
  show(main, html`<h1 tabindex="-1">Keys</h1>
    <p class="lead">Each program and each person has a key of their own, which may do no more than it must.</p>
    <section class="list"><form class="withdrawing">${summary()}${list(found.keys)}</form></section>
    <h2>New key</h2>
    <section id="made"></section>
    <form class="making">${summary()}${fields(named.roles, context)}
      <button type="submit">Make the key</button></form>`);
  const withdrawing = main.querySelector(".withdrawing");
  for (const button of withdrawing.querySelectorAll("[data-key]")) {
    button.addEventListener("click", () => withdraw(withdrawing, button.dataset.key, found.keys, context));
  }
  listen(main, context);
}

function list(all) {
  return table("Keys", ["For", "May", "In", "Until", "Id", "State"], all.map((each) => [
    each.label,
    html`<span class="scopes">${each.scopes.map((scope) => html`<code>${scope}</code> `)}</span>`,
    each.galleries ? each.galleries.join(", ") || "none" : "all galleries",
    each.expires ? moment(each.expires) : "for ever",
    html`<code>${each.id}</code>`,
    each.revoked
      ? html`<span class="badge plain">withdrawn</span>`
      : html`<button type="button" class="quiet small" data-key="${each.id}"
        aria-label="Withdraw the key for ${each.label}, ${each.id}">Withdraw</button>`,
  ]));
}

function fields(roles, { session, galleries }) {
  const offered = Object.entries(roles).filter(([, scopes]) => scopes.every((each) => session.scopes.includes(each)));
  return html`
    ${field("label", "What it is for", html`<input id="label" autocomplete="off" maxlength="2000"
      data-must="Say what the key is for.">`, {
      hint: "Such as \u201cthe front desk\u201d. Logs name the key by its id.",
    })}
    <fieldset class="field" id="roles"><legend>What it may do</legend>
      <p class="wrong" id="roles-wrong" hidden></p>
      ${offered.map(([name, scopes]) =>
        check("role", name, html`${name} <span class="soft">${scopes.join(", ")}</span>`))}
    </fieldset>
    ${galleries.length ? html`<fieldset class="field" id="where"><legend>Where
        <span class="optional">(none chosen: in all galleries that your key reaches)</span></legend>
      ${galleries.map((name) => check("gallery", name, name))}</fieldset>` : ""}
    ${field("until", "Until the end of", html`<input id="until" type="date" min="${daysFromNow(0)}">`, {
      hint: "Without a day it is good until it is withdrawn.", optional: true,
    })}`;
}

const check = (name, value, words) => html`<p class="check">
  <input type="checkbox" name="${name}" id="${name}-${value}" value="${value}">
  <label for="${name}-${value}">${words}</label></p>`;

function listen(main, context) {
  const form = main.querySelector(".making");
  const chosen = (name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map(({ value }) => value);
  onSubmit(form, async () => {
    const until = form.querySelector("#until").value;
    const where = chosen("gallery");
    const json = { label: form.querySelector("#label").value.trim(), roles: chosen("role") };
    if (where.length) json.galleries = where;
    if (until) json.expires = new Date(`${until}T23:59:59`).toISOString();
    const { body } = await ask("POST", "/v1/keys", { json, signal: context.signal });
    form.reset();
    await again(main, context, body);
  }, { check: () => (chosen("role").length ? [] : [wrong("roles", "Choose what the key may do.")]) });
}

/** The list anew, and the key, which nothing shows a second time. */
async function again(main, context, made) {
  await keys(main, context);
  const place = show(main.querySelector("#made"), html`<div class="banner good">
    <span class="sign" aria-hidden="true">\u2713</span>
    <div><h3 tabindex="-1">The key for ${made.label}</h3>
      <p>Copy it now and give it to whom it is for: it is shown this once, and kept nowhere.
        ${made.expires ? `It is good until ${day(made.expires.slice(0, 10))}.` : ""}</p>
      <p><code class="token">${made.key}</code></p>
      <div class="actions"><button type="button" class="quiet small" data-do="copy">Copy</button>
        <span role="status"></span></div></div>
  </div>`);
  place.querySelector("[data-do=copy]").addEventListener("click", async () => {
    const status = place.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(made.key);
      status.textContent = "Copied.";
    } catch {
      status.textContent = "Mark it and copy it by hand.";
    }
  });
  place.querySelector("h3").focus();
}

async function withdraw(form, id, all, context) {
  const { label } = all.find((each) => each.id === id);
  const own = id === context.session.id;
  const yes = await confirmed({
    title: `Withdraw the key for ${label}?`,
    words: own
      ? "It is the key of this session: you are signed out, and need another one."
      : "It opens nothing any more, from the next request on. It stays listed, since logs name it.",
    yes: "Withdraw it",
    danger: true,
  });
  if (!yes) return;
  try {
    await ask("DELETE", `/v1/keys/${encodeURIComponent(id)}`, { signal: context.signal });
    await context.refresh(null, `The key for ${label} is withdrawn.`);
  } catch (problem) {
    tell(form, [wrong(null, told(problem))]);
  }
}
