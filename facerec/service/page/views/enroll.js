// Enrolling: terms first, then photos. Somebody who is enrolled already gets further faces.

import { facts } from "../elements/evidence.js";
import { Photos, photosField } from "../elements/photos.js";
import { checkTerms, fieldOf, termsFields, termsOf } from "../elements/terms.js";
import { ask, photoForm, within } from "../lib/api.js";
import { onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { ofPhotos, told } from "../lib/problems.js";
import { address } from "../lib/route.js";
import { day, sentence, several } from "../lib/words.js";

const HINT = "One to twenty photos of this one person, from the front: JPEG, PNG or WebP, smaller than 10 MB each.";
const NO_PHOTO = wrong("photos", "Choose at least one photo, or take one with the camera.");

const options = html`<details class="field">
  <summary>Options</summary>
  <p class="check"><input type="checkbox" id="strict"><label for="strict">Refuse where a face looks like somebody
    else\u2019s, or unlike the other photos</label></p>
  <p class="check"><input type="checkbox" id="keep"><label for="keep">Keep the photos, which another model needs one
    day</label></p>
</details>`;

export async function enroll(main, context) {
  const person = await somebody(context);
  const who = person ? person.name : "somebody";
  show(main, html`<h1 tabindex="-1">${person ? `More photos of ${who}` : "Enroll"}</h1>
    <p class="lead">${person ? "Faces are added to the person" : "Somebody is added"} in
      <strong>${context.gallery}</strong>, all photos or none. The vectors made from them are biometric data.</p>
    <form>${summary()}${person ? "" : termsFields()}
      ${photosField("photos", "Photos", { many: true, hint: HINT })}${options}
      <button type="submit">${person ? "Add the photos" : "Enroll"}</button></form>`);
  listen(main, context, person);
}

async function somebody({ gallery, id, signal }) {
  if (!id) return null;
  return (await ask("GET", within(gallery, "people", id), { signal })).body;
}

function listen(main, context, person) {
  const form = main.querySelector("form");
  const photos = new Photos(main.querySelector("#photos"), { context, many: true, enrolling: true });
  let sent = null; // what was asked under which value, so that asking again after a lost answer enrolls once
  onSubmit(form, async () => {
    const terms = person ? null : termsOf(form);
    const query = { strict: form.querySelector("#strict").checked, keep_photos: form.querySelector("#keep").checked };
    sent = same(sent, { terms, query, files: photos.files() });
    const body = photoForm("photos", photos.files());
    if (terms) body.append("person", JSON.stringify(terms));
    const path = person ? ["people", person.id, "samples"] : ["people"];
    const answer = await ask("POST", within(context.gallery, ...path), {
      ...{ query, form: body, signal: context.signal },
      headers: { "Idempotency-Key": sent.value },
    });
    done(main, context, answer.body);
  }, {
    check: () => [...(person ? [] : checkTerms(form)), ...(photos.files().length ? [] : [NO_PHOTO])],
    place: (problem) => placed(problem, photos),
  });
}

/** The same asking keeps its value; whatever was changed since gets a new one. */
function same(before, { terms, query, files }) {
  const about = JSON.stringify([terms, query]);
  const again = before && before.about === about && before.files.length === files.length
    && before.files.every((file, index) => file === files[index]);
  return again ? before : { about, files, value: crypto.randomUUID() };
}

function placed(problem, photos) {
  const single = ofPhotos(problem);
  for (const { index, message } of single) photos.mark(index, message);
  if (single.length) return single.map(({ index, message }) => wrong("photos", `Photo ${index + 1}: ${message}`));
  const id = fieldOf(problem) ?? (problem.status === 422 ? "photos" : null);
  return [wrong(id, told(problem))];
}

function done(main, context, enrollment) {
  const { person, created, added, already_present: present, photos_kept: kept, doubts, replaced } = enrollment;
  const { gallery } = context;
  const before = (replaced ?? []).map((each) => html`<li>${sentence(each.text)}</li>`);
  const doubted = (doubts ?? []).map((each) => html`<li>${sentence(each.text)}</li>`);
  show(main, html`<h1 tabindex="-1">${person.name} is enrolled</h1>
    <div class="banner good"><span class="sign" aria-hidden="true">\u2713</span><div>
      <p>${created ? "Enrolled" : "Already enrolled; added"} with ${several(added, "new face")}.</p></div></div>
    ${facts([
      ["Consent", person.consent],
      ["Purpose", person.purpose],
      ["Expires on", day(person.expires)],
      ["Replaced", before.length ? html`<ul>${before}</ul>` : null],
      ["Faces", several(person.samples, "face")],
      ["Already there", present ? several(present, "photo") : null],
      ["Photos kept", kept ? several(kept, "photo") : "None"],
      ["Doubts", doubted.length ? html`<ul>${doubted}</ul>` : null],
    ])}
    <div class="actions">
      <a class="button" href="${address("enroll", { gallery })}" data-again>Enroll somebody else</a>
      ${context.may("read")
        ? html`<a class="button quiet" href="${address("people", { gallery, id: person.id })}">See the record</a>`
        : ""}
    </div>`);
  // The address may be the one that is shown, and then following it changes nothing.
  main.querySelector("[data-again]").addEventListener("click", () => context.refresh(address("enroll", { gallery })));
  main.querySelector("h1").focus();
}
