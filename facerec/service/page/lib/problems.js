// What went wrong, as what must be true and what to do. By code; for all others the service's own words.

import { sentence } from "./words.js";

const BAD_PHOTO = "The photo must be one that can be opened, such as a JPEG, PNG or WebP. Save it anew, or take "
  + "another.";
const LARGE_PHOTO = "The photo must be smaller. Make it smaller or crop it, and choose it again.";
const SLOW = "The service did not manage in time. What was asked may still be done: look before you ask again.";

/** "2 faces found in ..." */
const facesIn = (detail) => Number(/^(\d+) faces/.exec(detail)?.[1]) || null;

/** How many faces a photo must show, and what to do. */
export function severalFaces(number) {
  return `The photo must show one face \u2013 ${number ?? "several"} were found. Crop it or take another.`;
}

export const NO_FACE = "No face was found. Take the photo again, from the front, with light on the face.";

const MUST = {
  no_face: () => NO_FACE,
  several_faces: ({ detail }) => severalFaces(facesIn(detail)),
  bad_image: () => BAD_PHOTO,
  fatal_photo: () => BAD_PHOTO,
  large_photo: () => LARGE_PHOTO,
  costly_photo: () => LARGE_PHOTO,
  slow_photo: () => LARGE_PHOTO,
  large_request: ({ detail }) => `${sentence(detail)} Make the photo smaller, or send fewer.`,
  poor_quality: ({ detail }) => `The face must be clearer: ${sentence(detail)} Take the photo again.`,
  doubtful_face: ({ detail }) => `Somebody must look before this is enrolled: ${sentence(detail)}`,
  name_taken: () => "This name is already enrolled. Choose another, or add photos to that person.",
  expired: () => "The time of this person in the gallery must not be over. Set a later day, or forget the person.",
  expiry_passed: () => "The day on which it expires must be a day to come.",
  changed_person: () => "The record must be as you read it, and somebody changed it since. Nothing was changed now: "
    + "open it again.",
  not_undone: ({ detail }) => `This cannot be undone any more: ${sentence(detail)}`,
  unknown_person: () => "Nobody like that is enrolled in this gallery. Check the name, letter by letter, or the id.",
  missing_gallery: () => "There is no gallery of this name that your key reaches.",
  no_key: () => "The key must be one that is good here. Check that it was copied whole; it may also have expired or "
    + "been withdrawn.",
  too_many_requests: ({ wait }) => `Too much was asked at once. Try again in ${wait ?? "a few"} seconds.`,
  overloaded: ({ wait }) => `The service is busy. Try again in ${wait ?? "a few"} seconds.`,
  deadline: () => SLOW,
  busy: () => "Somebody else writes to the gallery. Try again in a few seconds.",
  offline: () => "The service did not answer. What you typed is still here: check the connection and try again.",
};

/** One problem in a sentence or two. */
export function told(problem) {
  const must = MUST[problem.code];
  if (must) return must(problem);
  if (problem.status >= 500) {
    const number = problem.request ? ` Whoever runs the service finds more under the number ${problem.request}.` : "";
    return `Something went wrong on the server; what you typed is still here.${number}`;
  }
  return sentence(problem.detail || problem.title || "Something went wrong");
}

/** What is wrong with single photos: their number, and a sentence. */
export function ofPhotos(problem) {
  return problem.errors
    .map((each) => ({ index: Number(/^\/photos\/(\d+)$/.exec(each.pointer)?.[1] ?? Number.NaN), message: told(each) }))
    .filter((each) => Number.isInteger(each.index));
}
