// Whether two photos show one person; nothing is stored, and nobody is named.

import { banner, evidence } from "../elements/evidence.js";
import { Photos, photosField } from "../elements/photos.js";
import { pointField } from "../elements/points.js";
import { ask, photoForm } from "../lib/api.js";
import { onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";

const WORDS = {
  match: "Match: the photos show one person",
  "no match": "No match: the two faces are not alike enough",
  undecided: "Undecided: a photo is not clear enough to decide",
};
const MUST = "Choose a photo, or take one with the camera.";

export async function compare(main, context) {
  const points = await pointField("point", context.signal);
  show(main, html`<h1 tabindex="-1">Compare</h1>
    <p class="lead">Whether two photos show one person. No gallery is asked, and nothing is stored.</p>
    <form>${summary()}${photosField("probe", "One photo")}${photosField("reference", "The other photo")}${points}
      <button type="submit">Decide</button></form>
    <section class="result"></section>`);
  const photos = Object.fromEntries(["probe", "reference"].map((name) =>
    [name, new Photos(main.querySelector(`#${name}`), { context })]));
  const result = main.querySelector(".result");
  onSubmit(main.querySelector("form"), async () => {
    result.replaceChildren();
    const form = photoForm("probe", photos.probe.files());
    for (const file of photos.reference.files()) form.append("reference", file);
    const { body } = await ask("POST", "/v1/compare", {
      ...{ form, signal: context.signal, query: { operating_point: main.querySelector("#point").value } },
    });
    show(result, html`${banner(body.decision, WORDS[body.decision])}${evidence(body)}`);
    result.querySelector("h2").focus();
  }, {
    check: () => Object.keys(photos).filter((name) => !photos[name].files().length).map((name) => wrong(name, MUST)),
    place: (problem) => (problem.status === 422 ? [wrong(null, told(problem))] : null),
  });
}
