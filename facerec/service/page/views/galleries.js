// Which gallery, where a key reaches several; and a new one, if the key may make it.

import { ask } from "../lib/api.js";
import { field, onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";
import { address } from "../lib/route.js";

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const SHAPE = "Small letters, digits, dots, dashes and underscores; a letter or digit first, 64 at most.";

export function galleries(main, context) {
  const { galleries: known, may } = context;
  show(main, html`<h1 tabindex="-1">Galleries</h1>
    <p class="lead">A gallery holds the people who may be recognised in one place.</p>
    ${list(known, context)}
    ${may("manage") ? html`<h2>New gallery</h2>${form("make", "Name", SHAPE, "Make the gallery")}` : ""}`);
  const make = main.querySelector("#make-form");
  if (make) onSubmit(make, () => made(value(make, "make"), context), shape(make, "make"));
}

function list(known, context) {
  if (!known.length) return html`<p class="empty">There is none yet that this key reaches.</p>`;
  const { first } = context;
  return html`<ul class="links">${known.map((gallery) => html`<li>${first
    ? html`<a href="${address(first, { gallery })}">${gallery}</a>`
    : gallery}</li>`)}</ul>`;
}

const form = (id, label, hint, button) => html`<form id="${id}-form">${summary()}
  ${field(id, label, html`<input id="${id}" autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="64"
    data-must="Enter the name of a gallery.">`, { hint })}
  <button type="submit">${button}</button></form>`;

const value = (element, id) => element.querySelector(`#${id}`).value.trim();

const shape = (element, id) => ({
  check: () => (!value(element, id) || NAME.test(value(element, id)) ? [] : [wrong(id, `The name must fit: ${SHAPE}`)]),
  place: (problem) => [wrong(id, told(problem))],
});

async function made(name, context) {
  await ask("POST", "/v1/galleries", { json: { id: name }, signal: context.signal });
  await context.reload();
  if (context.first) context.go(context.first, { gallery: name });
  else await context.refresh(null, `The gallery ${name} is made.`);
}
