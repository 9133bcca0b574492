// Whether a photo shows the person somebody claims to be.

import { banner, claimInWords, evidence } from "../elements/evidence.js";
import { Photos, photosField } from "../elements/photos.js";
import { pointField } from "../elements/points.js";
import { whoField, whoIsMeant } from "../elements/who.js";
import { ask, photoForm, within } from "../lib/api.js";
import { onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";

const MUST = "Say who the person claims to be.";

export async function verify(main, context) {
  const [points, who] = await Promise.all([
    pointField("point", context.signal),
    whoField("who", "Who do they claim to be?", context, { must: MUST }),
  ]);
  show(main, html`<h1 tabindex="-1">Verify a claim</h1>
    <p class="lead">Whether a photo shows the one person of <strong>${context.gallery}</strong> that somebody claims to
      be.</p>
    <form>${summary()}${who}${photosField("photo", "Photo")}${points}<button type="submit">Decide</button></form>
    <section class="result"></section>`);
  const photos = new Photos(main.querySelector("#photo"), { context });
  const result = main.querySelector(".result");
  onSubmit(main.querySelector("form"), async () => {
    result.replaceChildren();
    const person = await whoIsMeant(main.querySelector("#who").value, context);
    const { body } = await ask("POST", within(context.gallery, "people", person.id, "verify"), {
      query: { operating_point: main.querySelector("#point").value },
      form: photoForm("photo", photos.files()),
      signal: context.signal,
    });
    show(result, html`${banner(body.decision, claimInWords(body.decision, person.name))}${evidence(body)}
      <p class="hint">The log keeps this decision, and by which key it was asked for.</p>`);
    result.querySelector("h2").focus();
  }, {
    check: () => (photos.files().length ? [] : [wrong("photo", "Choose a photo, or take one with the camera.")]),
    place,
  });
}

function place(problem) {
  if (problem.code === "unknown_person") return [wrong("who", told(problem))];
  return problem.status === 422 ? [wrong("photo", told(problem))] : null;
}
