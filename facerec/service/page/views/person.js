// One person: the record, its faces, and what can be done with them. Each part is shown where the key may do it.

import { facts } from "../elements/evidence.js";
import { ask, within } from "../lib/api.js";
import { html, show } from "../lib/html.js";
import { address } from "../lib/route.js";
import { count, moment } from "../lib/words.js";
import { changes } from "./person/changes.js";
import { faces } from "./person/faces.js";
import { forgetting } from "./person/forgetting.js";
import { merging } from "./person/merging.js";
import { expiry } from "./people.js";

export async function person(main, context) {
  const { gallery, id, may, signal } = context;
  const [{ body: record, etag }, { body }] = await Promise.all([
    ask("GET", within(gallery, "people", id), { signal }),
    ask("GET", within(gallery, "people", id, "samples"), { signal }),
  ]);
  show(main, html`<p class="back"><a href="${address("people", { gallery })}">People of ${gallery}</a></p>
    <h1 tabindex="-1">${record.name}</h1>
    ${facts([
      ["Consent", record.consent ?? "none"],
      ["Purpose", record.purpose ?? "none"],
      ["Expires on", expiry(record)],
      ["Enrolled", moment(record.created)],
      ["Faces", count(record.samples)],
      ["Photos kept", count(record.photos)],
      ["Id", html`<code>${record.id}</code>`],
    ])}
    <div class="actions">
      ${may("enroll") ? html`<a class="button quiet" href="${address("enroll", { gallery, id })}">Add photos</a>` : ""}
      ${may("log") ? html`<a class="button quiet" href="${address("log", { gallery, id })}">What the log says</a>` : ""}
    </div>
    <section id="faces"></section><section id="changes"></section><section id="merging"></section>
    <section id="forgetting"></section>`);
  const about = { ...context, main, record, etag, samples: body.samples };
  faces(main.querySelector("#faces"), about);
  if (may("enroll")) {
    changes(main.querySelector("#changes"), about);
    await merging(main.querySelector("#merging"), about);
  }
  if (may("forget")) forgetting(main.querySelector("#forgetting"), about);
}
