// Who is enrolled, in pages; and, by the id in the address, one person.

import { table } from "../elements/table.js";
import { called } from "../elements/who.js";
import { ask, within } from "../lib/api.js";
import { field, onSubmit, summary } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { address } from "../lib/route.js";
import { day, several } from "../lib/words.js";
import { person } from "./person.js";

const PAGE = 50;

export async function people(main, context) {
  if (context.id) return person(main, context);
  const { gallery } = context;
  show(main, html`<h1 tabindex="-1">People</h1>
    <p class="lead">Who is enrolled in <strong>${gallery}</strong>, in the order of enrollment.</p>
    <form class="filters">${summary()}
      ${field("called", "Called exactly", html`<input id="called" autocomplete="off">`, { optional: true })}
      ${field("before", "Expiring before", html`<input id="before" type="date">`, { optional: true })}
      <button type="submit" class="quiet">Show</button>
    </form>
    <section class="list"></section>`);
  const form = main.querySelector("form");
  const list = main.querySelector(".list");
  const filters = () => ({ name: form.querySelector("#called").value.trim(), expiring_before: before(form) });
  onSubmit(form, () => page(list, context, filters(), [undefined]));
  await page(list, context, {}, [undefined]);
}

const before = (form) => form.querySelector("#before").value;

/** One page; `cursors` are those of the pages up to it, so that there is a way back. */
async function page(list, context, filters, cursors) {
  const body = await read(context, filters, cursors.at(-1));
  show(list, html`${body.people.length ? found(body.people, context) : nobody(filters, context)}
    <nav class="pages" aria-label="Pages">
      ${cursors.length > 1 ? html`<button type="button" class="quiet" data-do="back">Page before</button>` : ""}
      ${body.next ? html`<button type="button" class="quiet" data-do="next">Next page</button>` : ""}
    </nav>`);
  const turn = async (where) => {
    await page(list, context, filters, where);
    list.querySelector("a")?.focus();
  };
  list.querySelector("[data-do=back]")?.addEventListener("click", () => turn(cursors.slice(0, -1)));
  list.querySelector("[data-do=next]")?.addEventListener("click", () => turn([...cursors, body.next]));
}

async function read({ gallery, signal }, { name, ...filters }, after) {
  if (name) return { people: await called(name, { gallery, signal }), next: null };
  const query = { ...filters, after, limit: PAGE };
  return (await ask("GET", within(gallery, "people"), { query, signal })).body;
}

function found(all, { gallery }) {
  return table(`People of ${gallery}`, ["Name", "Faces", "Expires on", "Consent", "Purpose"], all.map((each) => [
    html`<a href="${address("people", { gallery, id: each.id })}">${each.name}</a>`,
    several(each.samples, "face"),
    expiry(each),
    each.consent ?? "none",
    each.purpose ?? "none",
  ]));
}

/** When somebody expires, and whether that is over. */
export function expiry({ expires, expired }) {
  if (!expires) return "never";
  return html`${day(expires)}${expired ? html` <span class="badge warn">expired</span>` : ""}`;
}

function nobody(filters, { gallery, may }) {
  if (filters.name || filters.expiring_before) return html`<p class="empty">Nobody like that is enrolled here.</p>`;
  return html`<p class="empty">Nobody is enrolled here yet.
    ${may("enroll") ? html`<a href="${address("enroll", { gallery })}">Enroll somebody</a>` : ""}</p>`;
}
