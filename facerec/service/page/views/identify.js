// Who is on a photo: every face of it, with its box, the decision in words and the evidence.

import { draw, fit, frame, sizeOf } from "../elements/boxes.js";
import { banner, evidence, faceInWords, kindOf, searched } from "../elements/evidence.js";
import { Photos, photosField } from "../elements/photos.js";
import { pointField } from "../elements/points.js";
import { ask, photoForm, within } from "../lib/api.js";
import { onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";
import { address } from "../lib/route.js";
import { score, several } from "../lib/words.js";

export async function identify(main, context) {
  const points = await pointField("point", context.signal);
  show(main, html`<h1 tabindex="-1">Identify</h1>
    <p class="lead">Who of <strong>${context.gallery}</strong> is on a photo. Whoever is not enrolled stays nobody.</p>
    <form>${summary()}${photosField("photo", "Photo")}${points}<button type="submit">Search</button></form>
    <section class="result"></section>`);
  const form = main.querySelector("form");
  const photos = new Photos(main.querySelector("#photo"), { context, judging: false });
  const result = main.querySelector(".result");
  const missing = wrong("photo", "Choose a photo, or take one with the camera.");
  onSubmit(form, async () => {
    result.replaceChildren();
    const { body } = await ask("POST", within(context.gallery, "identify"), {
      query: { operating_point: main.querySelector("#point").value },
      form: photoForm("photo", photos.files()),
      signal: context.signal,
    });
    await answer(result, body, photos.url(), context);
  }, {
    check: () => (photos.files().length ? [] : [missing]),
    place: (problem) => (problem.status === 422 ? [wrong("photo", told(problem))] : null),
  });
}

async function answer(result, found, url, context) {
  if (!found.faces.length) {
    show(result, html`${banner("no match", "No face was found", {
      more: "Nobody was searched for. Take the photo again, from the front, with light on the face.",
    })}`);
    result.querySelector("h2").focus();
    return;
  }
  const named = found.faces.filter(({ decision }) => decision === "match").length;
  show(result, html`<h2 tabindex="-1">${several(found.faces.length, "face")}, ${named || "none"} named</h2>
    ${frame(html`<img src="${url}" alt="The photo; its faces are listed below">`)}
    <ol class="faces">${found.faces.map((face, index) => html`<li>${shown(face, index, context)}</li>`)}</ol>
    <p class="hint">The log keeps who was named, and by which key. Request ${found.request}.</p>`);
  result.querySelector("h2").focus();
  const place = result.querySelector(".frame");
  const size = await sizeOf(place.querySelector("img"));
  if (size === null) {
    show(place, html`<p class="missing">This browser cannot show this kind of photo; the faces are listed below.</p>`);
    return;
  }
  fit(place, size);
  draw(place, found.faces.map((face, index) => ({
    box: face.box,
    kind: kindOf(face.decision),
    label: face.person ? `${index + 1} ${face.person.name}` : `${index + 1}`,
  })), size);
}

function shown(face, index, context) {
  const more = `Face ${index + 1}${face.person && context.may("read") ? "" : "."}`;
  return html`<article>
    ${banner(face.decision, faceInWords(face), { level: "h3", more: html`${more}${link(face.person, context)}` })}
    ${evidence(face, [["Expected", searched(face)], ["Nearest", nearest(face.candidates)]])}
  </article>`;
}

function link(person, context) {
  if (!person || !context.may("read")) return "";
  return html`, <a href="${address("people", { gallery: context.gallery, id: person.id })}">the record of
    ${person.name}</a>`;
}

function nearest(candidates) {
  if (!candidates.length) return "Nobody";
  return html`<ol class="plain">${candidates.map((each) => html`<li>${each.name}, ${score(each.score)}</li>`)}</ol>`;
}
