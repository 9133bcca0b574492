// Which operating point decides: the service's own, or one that it lists.

import { ask } from "../lib/api.js";
import { html } from "../lib/html.js";
import { percent, score } from "../lib/words.js";

/** A choice of operating points, closed until somebody wants it. */
export async function pointField(id, signal) {
  const { body } = await ask("GET", "/v1/operating-points", { signal });
  return html`<details class="field">
    <summary>Options</summary>
    <label for="${id}">Operating point</label>
    <p class="hint" id="${id}-hint">It is the threshold that decides, with what it was measured on.</p>
    <select id="${id}">
      <option value="">The one of this service</option>
      ${body.operating_points.map((point) => html`<option value="${point.id}">
        ${percent(point.target_fmr)} false matches on ${point.data_set}, threshold ${score(point.threshold)}
      </option>`)}
    </select>
  </details>`;
}
