// A decision and what it rests on: in words first, then score, threshold, where it was measured, notes, problems.

import { html } from "../lib/html.js";
import { count, percent, score, sentence } from "../lib/words.js";

const ICONS = { match: "\u2713", "no match": "\u2013", undecided: "?", ambiguous: "\u2260" };
const KINDS = { match: "good", "no match": "plain", undecided: "warn", ambiguous: "warn" };

/** How a decision looks: `good`, `plain` or `warn`. */
export const kindOf = (decision) => KINDS[decision];

/** A decision as a banner; `words` are what it means here. */
export function banner(decision, words, { level = "h2", more = null } = {}) {
  const title = level === "h3" ? html`<h3>${words}</h3>` : html`<h2 tabindex="-1">${words}</h2>`;
  return html`<div class="banner ${KINDS[decision]}">
    <span class="sign" aria-hidden="true">${ICONS[decision]}</span>
    <div>${title}${more ? html`<p>${more}</p>` : ""}</div>
  </div>`;
}

/** What decisions mean about a claim. */
export function claimInWords(decision, name) {
  if (decision === "match") return `Match: the photo shows ${name}`;
  if (decision === "no match") return `No match: the photo does not look enough like ${name}`;
  return "Undecided: the photo is not clear enough to decide";
}

/** What decisions mean in a search. */
export function faceInWords(face) {
  if (face.decision === "match") return face.person?.name ?? face.name;
  if (face.decision === "no match") return "Nobody who is enrolled here";
  if (face.decision === "ambiguous") return "Ambiguous: several people reach the threshold, so somebody must look";
  return "Undecided: the face is not clear enough to decide";
}

/** Facts as a list; each is `[name, what it is]`, and those without a value are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html`<dl class="facts">
    ${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** The evidence of a decision as facts; `more` are those of whoever asks. */
export function evidence(found, more = []) {
  const { operating_point: point } = found;
  return facts([
    ["Score", html`<strong>${score(found.score)}</strong> ${against(found)}`],
    ["Operating point", pointInWords(point)],
    ["False matches", rate(point.fmr)],
    ["False non-matches", rate(point.fnmr)],
    ["This claim", found.expected_in_words && sentence(found.expected_in_words)],
    ["Strangers", sentence(found.strangers_in_words)],
    ...more,
    ["Problems", lines(found.problems)],
    ["Notes", lines(found.notes)],
    ["Quality gate", found.gate === "none" ? "None: quality was not looked at" : html`<code>${found.gate}</code>`],
  ]);
}

function against({ score: value, threshold }) {
  if (value === null) return "";
  return `${value >= threshold ? "reaches" : "is below"} the threshold of ${score(threshold)}`;
}

function pointInWords(point) {
  const asserted = point.asserted_by ? `; asserted by ${point.asserted_by}` : "";
  const indicative = point.is_indicative ? "; measured on too few comparisons to be more than indicative" : "";
  return `Chosen for ${percent(point.target_fmr)} false matches, on ${point.data_set}${asserted}${indicative}`;
}

/** A rate with its counts and its interval, as it must be quoted. */
export function rate(found) {
  if (found.value === null || !found.trials) return "Not measured";
  const interval = `${percent(found.confidence)}: ${percent(found.low)} to ${percent(found.high)}`;
  return `${count(found.errors)} of ${count(found.trials)} (${percent(found.value)}; ${interval})`;
}

function lines(texts) {
  return texts.length ? html`<ul>${texts.map((each) => html`<li>${sentence(each)}</li>`)}</ul>` : null;
}

/** Of how many strangers a search here would name somebody. */
export function searched(face) {
  const { value, low, high } = face.expected_fpir;
  if (!face.gallery_size) return "Nobody is enrolled";
  if (value === null) return "Not measured";
  const whom = face.gallery_size === 1 ? "the one person" : `one of the ${count(face.gallery_size)} people`;
  const share = `${percent(value)} (${percent(low)} to ${percent(high)})`;
  return `Of strangers, at most ${share} would be taken for ${whom} enrolled`;
}
