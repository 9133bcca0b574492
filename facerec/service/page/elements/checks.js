// What the service sees in a photo before anything is asked or stored, in words.

import { ask, photoForm } from "../lib/api.js";
import { NO_FACE, severalFaces, told } from "../lib/problems.js";
import { sentence } from "../lib/words.js";

/** Whether it may be asked: a key that cannot find faces is told only when it sends the photo. */
export const canCheck = (context) => context.may("compare");

/**
 * What is to be said of a photo: `{ kind: "good" | "warn" | "bad", words, boxes }`.
 * `enrolling`: by what is asked of faces that are enrolled, which is more.
 */
export async function check(file, { enrolling, signal }) {
  const { body } = await ask("POST", "/v1/detect", { form: photoForm("photos", [file]), signal });
  return judged(body.photos[0], enrolling);
}

function judged(photo, enrolling) {
  if (photo.problem) return { kind: "bad", words: told({ errors: [], ...photo.problem }), boxes: [] };
  const problems = photo.faces.map((face) => (enrolling ? face.enrollment_problems : face.problems));
  const boxes = photo.faces.map((face, index) => ({ box: face.box, kind: problems[index].length ? "warn" : "good" }));
  // Beside the photo itself its name says nothing.
  const short = problems.map((each) => each.map((text) => text.replace(`the face in ${photo.source} `, "the face ")));
  return { ...inWords(photo.faces.length, short), boxes };
}

function inWords(number, problems) {
  if (number === 0) return { kind: "bad", words: NO_FACE };
  if (number > 1) return { kind: "warn", words: severalFaces(number) };
  if (problems[0].length) return { kind: "bad", words: problems[0].map(sentence).join(" ") };
  return { kind: "good", words: "One face, clear enough." };
}
