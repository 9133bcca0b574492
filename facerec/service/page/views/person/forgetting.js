// Forgetting somebody for good, and the receipt of it: the last place that holds the name.

import { confirmed } from "../../elements/confirm.js";
import { facts } from "../../elements/evidence.js";
import { ask, within } from "../../lib/api.js";
import { download } from "../../lib/download.js";
import { onSubmit, summary } from "../../lib/form.js";
import { html, show } from "../../lib/html.js";
import { address } from "../../lib/route.js";
import { count, moment, sentence } from "../../lib/words.js";

export function forgetting(section, context) {
  const { gallery, record, etag, signal } = context;
  show(section, html`<h2>Forget</h2>
    <p>The record, all vectors and photos, and the name wherever the log has it are erased for good. You get a
      receipt.</p>
    <form>${summary()}<button type="submit" class="danger">Forget ${record.name}</button></form>`);
  onSubmit(section.querySelector("form"), async () => {
    const yes = await confirmed({
      title: `Forget ${record.name} for good?`,
      words: "Nothing brings a record, a vector or a photo back.",
      yes: "Forget for good",
      danger: true,
    });
    if (!yes) return;
    const headers = { "If-Match": etag };
    const { body } = await ask("DELETE", within(gallery, "people", record.id), { headers, signal });
    receiptOf(body, context);
  });
}

const KINDS = { exported: "An export", backed_up: "A backup", copied: "A copy" };

/** What still holds the person, and by which entry of the log it is found. */
const copyInWords = ({ kind, made, log_entry: entry }) =>
  `${KINDS[kind] ?? kind} of ${moment(made)}, entry ${entry} of the log`;

function receiptOf(receipt, { main, gallery }) {
  show(main, html`<h1 tabindex="-1">${receipt.name} is forgotten</h1>
    <div class="banner ${receipt.erased_from_file ? "good" : "warn"}">
      <span class="sign" aria-hidden="true">${receipt.erased_from_file ? "\u2713" : "!"}</span>
      <div><p>${receipt.erased_from_file
        ? "Erased from the gallery, and from the file or database that holds it."
        : "Erased from the gallery; what holds it may still have traces."}</p></div>
    </div>
    <h2>Receipt</h2>
    ${facts([
      ["Name", receipt.name],
      ["Id", html`<code>${receipt.person_id}</code>`],
      ["Gallery", receipt.gallery],
      ["Vectors erased", count(receipt.vectors)],
      ["Photos erased", count(receipt.photos)],
      ["When", moment(receipt.forgotten)],
      ["Entry of the log", receipt.log_entry],
      ["Head of the log", html`<code>${receipt.head}</code>`],
      ["Copies", receipt.copies.length
        ? html`<ul>${receipt.copies.map((each) => html`<li>${copyInWords(each)}</li>`)}</ul>`
        : "None that the gallery knows of"],
      ["What remains to do", receipt.advice ? sentence(receipt.advice) : null],
    ])}
    <p class="hint">This receipt is the last place that holds the name. It is shown this once.</p>
    <div class="actions">
      <button type="button" data-do="receipt">Download the receipt</button>
      <a class="button quiet" href="${address("people", { gallery })}">Back to the people</a>
    </div>`);
  main.querySelector("[data-do=receipt]").addEventListener("click", () => {
    download(`forgotten-${receipt.person_id}.json`, receipt);
  });
  main.querySelector("h1").focus();
}
