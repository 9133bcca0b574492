// What outlasts a request in a gallery: export, import, new vectors, forgetting whoever has expired; and how far it is.

import { confirmed } from "../elements/confirm.js";
import { table } from "../elements/table.js";
import { ask, within } from "../lib/api.js";
import { field, onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { count, moment, sentence, several } from "../lib/words.js";
import { once } from "./person/transfer.js";

const PAUSE = 1500; // milliseconds between two looks at jobs that have not ended
const NONE = html`<p class="empty">None was asked for that this key may see.</p>`;
const ENDED = new Set(["done", "failed", "cancelled"]);
const WORK = [
  {
    kind: "exports", scope: "manage", title: "Export",
    words: "All people with their vectors and kept photos, as one zip, for the key that asks. It is deleted after a "
      + "day, and at once when somebody in it is forgotten.",
    yes: "Export",
  },
  {
    kind: "purges", scope: "forget", title: "Forget whoever has expired", danger: true,
    words: "Record, vectors and photos of everybody whose day is over are erased for good.",
    yes: "Forget them for good",
  },
  {
    kind: "reembeddings", scope: "manage", title: "New vectors",
    words: "All vectors are made anew by the model that runs here, from the photos that were kept. Until then a "
      + "gallery of another model decides nothing.",
    yes: "Make new vectors",
  },
];
const NAMES = {
  export: "Export",
  import: "Import",
  photos: "Import of photos",
  purge: "Forgetting the expired",
  reembedding: "New vectors",
};

export async function jobs(main, context) {
  const { gallery, may } = context;
  const allowed = WORK.filter(({ scope }) => may(scope));
  show(main, html`<h1 tabindex="-1">Jobs</h1>
    <p class="lead">What takes longer in <strong>${gallery}</strong>. It goes on when this page is closed.</p>
    <section class="list" aria-live="polite"></section>
    ${allowed.map(({ kind, title, words, yes, danger }) => html`<h2>${title}</h2><p>${words}</p>
      <form data-kind="${kind}">${summary()}<button type="submit" class="${danger ? "danger" : "quiet"}">${yes}</button>
      </form>`)}
    ${may("manage") ? importing() : ""}`);
  for (const work of allowed) start(main, main.querySelector(`[data-kind=${work.kind}]`), work, context);
  const form = main.querySelector("#import-form");
  if (form) upload(main, form, context);
  await look(main, context);
}

const importing = () => html`<h2>Import</h2>
  <p>Everybody of an export, or nobody.</p>
  <form id="import-form">${summary()}
    ${field("archive", "Export, as a zip", html`<input id="archive" type="file" accept=".zip,application/zip">`)}
    <p class="check"><input type="checkbox" id="merge"><label for="merge">Add faces to who is enrolled already, instead
      of refusing</label></p>
    <button type="submit" class="quiet">Import</button></form>`;

function start(main, form, { kind, title, words, yes, danger = false }, context) {
  const keyOf = once();
  let asked = 0; // each job that was answered is followed by another one, and not repeated
  onSubmit(form, async () => {
    if (danger && !await confirmed({ title: `${title}?`, words, yes, danger })) return;
    await ask("POST", within(context.gallery, kind), { headers: keyOf({ asked }), signal: context.signal });
    asked += 1;
    await look(main, context);
  });
}

function upload(main, form, context) {
  const keyOf = once();
  let asked = 0;
  const chosen = () => form.querySelector("#archive").files[0];
  onSubmit(form, async () => {
    const merge = form.querySelector("#merge").checked;
    const { name, size, lastModified } = chosen();
    await ask("POST", within(context.gallery, "imports"), {
      ...{ form: chosen(), query: { merge }, signal: context.signal },
      headers: { ...keyOf({ name, size, lastModified, merge, asked }), "Content-Type": "application/zip" },
    });
    asked += 1;
    form.reset();
    await look(main, context);
  }, { check: () => (chosen() ? [] : [wrong("archive", "Choose the zip of an export.")]) });
}

/** Show the jobs of the gallery, and look again until all have ended. */
async function look(main, context) {
  const list = main.querySelector(".list");
  const seen = await all(context.signal);
  const found = seen.filter(({ gallery }) => gallery === context.gallery).slice(-20).reverse();
  show(list, found.length ? rows(found, context) : NONE);
  if (found.every(({ state }) => ENDED.has(state))) return;
  clearTimeout(list.dataset.timer);
  list.dataset.timer = setTimeout(() => context.signal.aborted || look(main, context).catch(() => {}), PAUSE);
}

async function all(signal) {
  const found = [];
  let after;
  do {
    const { body } = await ask("GET", "/v1/jobs", { query: { after, limit: 200 }, signal });
    found.push(...body.jobs);
    after = body.next;
  } while (after);
  return found;
}

const COLUMNS = ["Job", "Asked", "By", "State"];

const rows = (found, context) => table(`Jobs of ${context.gallery}`, COLUMNS, found.map((job) => [
  NAMES[job.kind] ?? job.kind,
  moment(job.created),
  `key ${job.asked_by}`,
  state(job, context),
]));

function state(job, { session }) {
  if (job.state === "failed") return `failed: ${sentence(job.problem.detail)}`;
  if (job.state === "running" && job.total) return `${count(job.done)} of ${count(job.total)}`;
  if (job.state !== "done") return job.state;
  if (job.kind === "export" && job.asked_by === session.id) {
    return html`<span>${several(job.result.people, "person", "people")},
      <a href="${job.result.location}" download>fetch the zip</a></span>`;
  }
  if (job.kind === "purge") return `${several(job.result.forgotten, "person", "people")} forgotten`;
  if (job.kind === "photos") return `${count(job.result.enrolled)} enrolled, ${count(job.result.failed)} not`;
  if (job.kind === "reembedding") return several(job.result.vectors, "vector");
  return several(job.result.people, "person", "people");
}
