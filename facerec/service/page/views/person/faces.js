// The faces of a person, and those of them that are another person's.

import { confirmed } from "../../elements/confirm.js";
import { called } from "../../elements/who.js";
import { field, onSubmit, summary, tell, wrong } from "../../lib/form.js";
import { ask, within } from "../../lib/api.js";
import { html, show } from "../../lib/html.js";
import { fieldOf } from "../../elements/terms.js";
import { told } from "../../lib/problems.js";
import { moment, several } from "../../lib/words.js";
import { once, transferred } from "./transfer.js";

export function faces(section, context) {
  const { record, samples, may } = context;
  const parts = may("enroll") && samples.length > 1;
  show(section, html`<h2>${several(samples.length, "face")}</h2>
    ${parts ? html`<p>If some are another person\u2019s, choose them and say who that is. They go to whoever
      has that name already; a new name makes another person.</p>` : ""}
    <form>${summary()}
      <ul class="samples" id="samples">${samples.map((each) => sample(each, context, parts))}</ul>
      <p class="wrong" id="samples-wrong" hidden></p>
      ${parts ? html`${field("other", "Name of the other person", html`<input id="other" autocomplete="off"
        maxlength="200" data-must="Enter the name of the other person.">`)}
        <button type="submit" class="quiet">Part them</button>` : ""}
    </form>`);
  const form = section.querySelector("form");
  for (const button of section.querySelectorAll("[data-remove]")) {
    button.addEventListener("click", () => remove(form, Number(button.dataset.remove), context));
  }
  const keyOf = once();
  const chosen = () => [...form.querySelectorAll("[name=sample]:checked")].map(({ value }) => Number(value));
  onSubmit(form, async () => {
    const name = form.querySelector("#other").value.trim();
    const [other] = await called(name, context);
    const json = other
      ? { giver: record.id, receiver: other.id, samples: chosen() }
      : { person: record.id, samples: chosen(), name };
    if (other && !await confirmed({
      title: `Are these faces ${name}\u2019s?`,
      words: `${several(json.samples.length, "face")} of ${record.name} will be ${name}\u2019s, who is enrolled. `
        + "It can be undone with the receipt.",
      yes: "Move them",
    })) return;
    const { body } = await ask("POST", within(context.gallery, other ? "move" : "split"), {
      ...{ json, headers: keyOf(json), signal: context.signal },
    });
    const moved = json.samples.length === 1 ? "The face is" : "The faces are";
    transferred(context, body, other ? `${moved} ${name}\u2019s now` : `${name} is another person now`);
  }, {
    check: () => check(chosen(), samples),
    place: (problem) => [wrong(fieldOf(problem) === "name" ? "other" : null, told(problem))],
  });
}

function check(chosen, samples) {
  if (!chosen.length) return [wrong("samples", "Choose the faces that are another person\u2019s.")];
  if (chosen.length < samples.length) return [];
  return [wrong("samples", "Leave at least one face to the person, or change the name instead.")];
}

function sample(each, { may, samples }, parts) {
  const id = `sample-${each.number}`;
  const words = html`<strong>Face ${each.number}</strong> <span class="soft">of ${each.source || "a photo"},
    ${moment(each.enrolled)}${each.photo_kept ? ", photo kept" : ""}</span>`;
  return html`<li>
    ${parts
      ? html`<span class="check"><input type="checkbox" name="sample" id="${id}" value="${each.number}">
        <label for="${id}">${words}</label></span>`
      : html`<span>${words}</span>`}
    ${may("forget") && samples.length > 1
      ? html`<button type="button" class="quiet small" data-remove="${each.number}"
        aria-label="Delete face ${each.number}">Delete</button>`
      : ""}
  </li>`;
}

async function remove(form, number, context) {
  const { gallery, record, signal } = context;
  const yes = await confirmed({
    title: `Delete face ${number} for good?`,
    words: `${record.name} is not recognised by it any more, and nothing brings it back.`,
    yes: "Delete it",
    danger: true,
  });
  if (!yes) return;
  try {
    await ask("DELETE", within(gallery, "people", record.id, "samples", String(number)), { signal });
    await context.refresh(null, `Face ${number} is deleted.`);
  } catch (problem) {
    tell(form, [wrong(null, told(problem))]);
  }
}
