// Name and terms of a person, changed only if they are still as they were read.

import { checkTerms, fieldOf, termsFields, termsOf } from "../../elements/terms.js";
import { ask, within } from "../../lib/api.js";
import { onSubmit, summary, wrong } from "../../lib/form.js";
import { html, show } from "../../lib/html.js";
import { told } from "../../lib/problems.js";

export function changes(section, context) {
  const { gallery, record, etag, signal } = context;
  show(section, html`<h2>Name and terms</h2>
    <form>${summary()}${termsFields(record)}<button type="submit">Save the changes</button></form>`);
  const form = section.querySelector("form");
  onSubmit(form, async () => {
    const json = changed(record, termsOf(form));
    if (Object.keys(json).length) {
      await ask("PATCH", within(gallery, "people", record.id), { json, signal, headers: { "If-Match": etag } });
    }
    await context.refresh(null, "The changes are saved.");
  }, {
    check: () => ("expires" in changed(record, termsOf(form)) ? checkTerms(form) : []),
    place: (problem) => [wrong(fieldOf(problem), told(problem))],
  });
}

/** Only what is another now: what is not named stays as it is, and is not written to the log. */
const changed = (was, is) => Object.fromEntries(Object.entries(is).filter(([name, value]) => value !== was[name]));
