// Two people who are one.

import { confirmed } from "../../elements/confirm.js";
import { whoField, whoIsMeant } from "../../elements/who.js";
import { ask, within } from "../../lib/api.js";
import { onSubmit, summary, wrong } from "../../lib/form.js";
import { html, show } from "../../lib/html.js";
import { told } from "../../lib/problems.js";
import { once, transferred } from "./transfer.js";

export async function merging(section, context) {
  const { gallery, record, signal } = context;
  const who = await whoField("giver", "Who is the same person?", context, {
    must: `Say who is the same person as ${record.name}.`,
    except: record.id,
  });
  show(section, html`<h2>Merge</h2>
    <p>All faces of somebody who is the same person go to ${record.name}, whose name and terms stay.</p>
    <form>${summary()}${who}<button type="submit" class="quiet">Merge</button></form>`);
  const keyOf = once();
  onSubmit(section.querySelector("form"), async () => {
    const giver = await whoIsMeant(section.querySelector("#giver").value, context);
    const yes = await confirmed({
      title: `Are ${giver.name} and ${record.name} one person?`,
      words: `All faces of ${giver.name} go to ${record.name}, and ${giver.name} is not enrolled any more. It can be `
        + "undone with the receipt.",
      yes: "Merge them",
    });
    if (!yes) return;
    const json = { giver: giver.id, receiver: record.id };
    const { body } = await ask("POST", within(gallery, "merge"), { json, headers: keyOf(json), signal });
    transferred(context, body, `${giver.name} and ${record.name} are one person now`);
  }, { place: (problem) => (problem.code === "unknown_person" ? [wrong("giver", told(problem))] : null) });
}
