// What a merge or a split did, with its receipt, by which it can be taken back.

import { facts } from "../../elements/evidence.js";
import { ask, within } from "../../lib/api.js";
import { download } from "../../lib/download.js";
import { onSubmit, summary } from "../../lib/form.js";
import { html, show } from "../../lib/html.js";
import { address } from "../../lib/route.js";
import { several } from "../../lib/words.js";

/** A value for each thing that is asked for, so that asking again after a lost answer does it once. */
export function once() {
  let last = null;
  return (json) => {
    const about = JSON.stringify(json);
    if (last?.about !== about) last = { about, value: crypto.randomUUID() };
    return { "Idempotency-Key": last.value };
  };
}

/** Show what was done in place of the person. */
export function transferred(context, receipt, words) {
  const { gallery, main, signal } = context;
  const after = [receipt.receiver_after, receipt.giver_after].filter(Boolean);
  show(main, html`<h1 tabindex="-1">${words}</h1>
    ${facts([
      ["Faces moved", several(receipt.samples.length, "face")],
      ...after.map((each) => [html`<a href="${address("people", { gallery, id: each.id })}">${each.name}</a>`,
        several(each.samples, "face")]),
      ["Entry of the log", receipt.log_entry],
    ])}
    <form>${summary()}
      <div class="actions">
        <button type="submit" class="quiet">Undo</button>
        <button type="button" class="quiet" data-do="receipt">Download the receipt</button>
      </div>
      <p class="hint">The receipt undoes it as long as everything is as it was left. It holds names.</p>
    </form>`);
  main.querySelector("[data-do=receipt]").addEventListener("click", () => {
    download(`transfer-${receipt.log_entry}.json`, receipt);
  });
  const keyOf = once();
  onSubmit(main.querySelector("form"), async () => {
    await ask("POST", within(gallery, "undo"), { json: { receipt }, headers: keyOf(receipt), signal });
    await context.refresh(address("people", { gallery }), "It is undone.");
  });
  main.querySelector("h1").focus();
}
