// Somebody enrolled, by the exact name or by the id.

import { ask, Problem, within } from "../lib/api.js";
import { field } from "../lib/form.js";
import { html } from "../lib/html.js";

const ID = /^[0-9a-f]{32}$/;
const OFFERED = 200;

/** A field for a person; names are offered where the key may read them. */
export async function whoField(id, label, context, { must, except = null } = {}) {
  const reads = context.may("read");
  const people = reads ? await offered(context) : [];
  const hint = reads
    ? "The name as it is enrolled, or the id."
    : "The id: 32 digits and letters. This key reads no names.";
  return field(id, label, html`<input id="${id}" data-must="${must}" list="${id}-people" autocomplete="off"
      autocapitalize="off" spellcheck="false">
    <datalist id="${id}-people">
      ${people.filter((each) => each.id !== except).map((each) => html`<option value="${each.name}"></option>`)}
    </datalist>`, { hint });
}

async function offered({ gallery, signal }) {
  const { body } = await ask("GET", within(gallery, "people"), { query: { limit: OFFERED }, signal });
  return body.people;
}

/** The id and the name that were meant; a Problem if nobody has them. */
export async function whoIsMeant(text, { gallery, may, signal }) {
  const given = text.trim();
  if (ID.test(given)) return { id: given, name: given };
  const unknown = new Problem({ code: "unknown_person" }, { status: 404 });
  if (!may("read")) throw unknown;
  const [found] = await called(given, { gallery, signal });
  if (!found) throw unknown;
  return found;
}

/** Who is called exactly so: nobody, or one. The name stands in the body, since addresses end in logs on the way. */
export async function called(name, { gallery, signal }) {
  const { body } = await ask("POST", within(gallery, "people", "find"), { json: { name }, signal });
  return body.people;
}
