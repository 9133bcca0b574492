// On what terms somebody is enrolled. The page needs a consent and a day on which it ends, though the service does not.

import { field, wrong } from "../lib/form.js";
import { html } from "../lib/html.js";
import { daysFromNow } from "../lib/words.js";

/** The fields, filled with what is known of a person. */
export function termsFields(person = {}) {
  return html`
    ${field("name", "Name", html`<input id="name" value="${person.name}" autocomplete="off" maxlength="200"
      data-must="Enter a name. It must be nobody else's in this gallery.">`)}
    ${field("consent", "Consent", html`<input id="consent" value="${person.consent}" autocomplete="off" maxlength="2000"
      data-must="Say what the consent is. Nobody is enrolled here without one.">`, {
      hint: "Where the consent can be found, such as \u201cform 12, signed 3 May 2026\u201d.",
    })}
    ${field("purpose", "Purpose", html`<input id="purpose" value="${person.purpose}" autocomplete="off"
      maxlength="2000">`, { hint: "What the face may be used for.", optional: true })}
    ${field("expires", "Expires on", html`<input id="expires" type="date" value="${person.expires}"
      min="${daysFromNow(1)}" data-must="Choose the day on which the consent ends.">`, {
      hint: "The last day (UTC) on which the person is recognised.",
    })}`;
}

/** What was typed; an empty purpose is none. */
export function termsOf(form) {
  const value = (id) => form.querySelector(`#${id}`).value.trim() || null;
  return { name: value("name"), consent: value("consent"), purpose: value("purpose"), expires: value("expires") };
}

/** What is wrong with the terms besides what is missing. */
export function checkTerms(form) {
  const { expires } = termsOf(form);
  if (expires === null || expires >= daysFromNow(1)) return [];
  return [wrong("expires", "The day on which it expires must be a day to come.")];
}

const FIELDS = { name_taken: "name", look_alike: "name", expiry_passed: "expires" };

/** The field that a problem is about, if it is one of these. */
export const fieldOf = (problem) => FIELDS[problem.code] ?? null;
