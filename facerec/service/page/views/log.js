// The log of a gallery: where it ends, whether it is the one that was written, and what it says.

import { facts } from "../elements/evidence.js";
import { table } from "../elements/table.js";
import { ask, within } from "../lib/api.js";
import { field, onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";
import { address } from "../lib/route.js";
import { count, moment, score, sentence, several } from "../lib/words.js";

const NEWEST = 50;
const COLUMNS = ["Entry", "When", "What", "Who", "By", "Details"];

export async function log(main, context) {
  const { gallery, id, signal } = context;
  const { body: head } = await ask("GET", within(gallery, "log", "head"), { signal });
  show(main, html`<h1 tabindex="-1">Log</h1>
    <p class="lead">What was done in <strong>${gallery}</strong>, when, and by which key. Each entry holds the digest of
      the one before, so none can be changed unseen.</p>
    ${facts([["Entries", count(head.entries)], ["Head", html`<code>${head.head}</code>`]])}
    <p class="hint">Note the head elsewhere: it proves later that nothing up to here was rewritten.</p>
    <form>${summary()}
      ${field("noted", "A head that was noted", html`<input id="noted" autocomplete="off" spellcheck="false">`, {
        hint: "With it, an older copy put in place of the gallery is found, too.", optional: true,
      })}
      <button type="submit">Check the log</button>
    </form>
    <section class="result"></section>
    <h2>${id ? "Entries about one person" : "Entries"}</h2>
    <section class="entries"></section>`);
  const form = main.querySelector("form");
  const noted = form.querySelector("#noted");
  onSubmit(form, async () => {
    const against = noted.value.trim() ? [noted.value.trim()] : [];
    const { body } = await ask("POST", within(gallery, "log", "check"), { json: { against }, signal });
    state(main.querySelector(".result"), body);
  }, { place: (problem) => (problem.status === 422 ? [wrong("noted", told(problem))] : null) });
  await newest(main.querySelector(".entries"), context);
}

function state(result, { intact, log: chain, people, samples, problems, unproven }) {
  const all = [chain.problem, ...problems, unproven].filter(Boolean);
  show(result, html`<div class="banner ${intact ? "good" : "bad"}">
      <span class="sign" aria-hidden="true">${intact ? "\u2713" : "!"}</span>
      <div><h2 tabindex="-1">${intact ? "The gallery is as its log says" : "The gallery is not as its log says"}</h2>
        <p>${several(chain.entries, "entry", "entries")}, ${several(people, "person", "people")} and
          ${several(samples, "face")} were read.</p></div>
    </div>
    ${all.length ? html`<ul>${all.map((each) => html`<li>${sentence(each)}</li>`)}</ul>` : ""}`);
  result.querySelector("h2").focus();
}

async function newest(place, context) {
  const query = { last: NEWEST, person: context.id };
  const { body } = await ask("GET", within(context.gallery, "log"), { query, signal: context.signal });
  const all = body.entries.length < NEWEST;
  entries(place, [...body.entries].reverse(), context, {
    hint: all ? "All of them, newest first." : `The newest ${NEWEST}, newest first.`,
    next: all ? null : { words: "Read from the beginning", cursors: [undefined] },
  });
}

async function page(place, context, cursors) {
  const query = { limit: NEWEST, person: context.id, after: cursors.at(-1) };
  const { body } = await ask("GET", within(context.gallery, "log"), { query, signal: context.signal });
  entries(place, body.entries, context, {
    hint: `Page ${cursors.length}, oldest first.`,
    next: body.next ? { words: "Next page", cursors: [...cursors, body.next] } : null,
    newest: true,
  });
  place.querySelector(".hint").focus();
}

function entries(place, all, context, { hint, next, newest: back = false }) {
  show(place, html`<p class="hint" tabindex="-1">${hint}</p>
    ${table("Entries of the log", COLUMNS, all.map((each) => row(each, context)))}
    <nav class="pages" aria-label="Pages of the log">
      ${back ? html`<button type="button" class="quiet" data-do="newest">The newest</button>` : ""}
      ${next ? html`<button type="button" class="quiet" data-do="next">${next.words}</button>` : ""}
    </nav>`);
  place.querySelector("[data-do=next]")?.addEventListener("click", () => page(place, context, next.cursors));
  place.querySelector("[data-do=newest]")?.addEventListener("click", () => newest(place, context));
}

function row({ number, time, event, name, person_id: id, details, digest }, { gallery, may }) {
  const called = name ?? (id ? html`<code>${id.slice(0, 8)}</code>` : "");
  const who = name && may("read") ? html`<a href="${address("people", { gallery, id })}">${name}</a>` : called;
  return [count(number), moment(time), event, who, details.actor ?? "", html`<details>
    <summary>${brief(details)}</summary>
    ${facts([...Object.entries(details).map(([key, value]) => [key, asText(value)]), ["digest", digest]])}
  </details>`];
}

function brief(details) {
  if (details.decision) return `${details.decision}, score ${score(details.score ?? null)}`;
  if (details.added !== undefined) return several(details.added, "face");
  return "Details";
}

const asText = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));
