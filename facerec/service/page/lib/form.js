// Forms: what is missing is said in a summary that gets the focus and beside each field; what was typed stays.

import { html, show } from "./html.js";
import { told } from "./problems.js";

/** A mistake in a field, for checks that the page makes itself. */
export const wrong = (field, message) => ({ field, message });

/** Where a form says what is wrong, to be put first in it. */
export const summary = () => html`<div class="summary" role="alert" tabindex="-1" hidden></div>`;

/** A labelled field with its hint and a place for what is wrong with it; `control` is the input itself. */
export function field(id, label, control, { hint = null, optional = false } = {}) {
  return html`<div class="field">
    <label for="${id}">${label}${optional ? html` <span class="optional">(optional)</span>` : ""}</label>
    ${hint ? html`<p class="hint" id="${id}-hint">${hint}</p>` : ""}
    <p class="wrong" id="${id}-wrong" hidden></p>
    ${control}
  </div>`;
}

/**
 * Run `work` when a form is sent. Before, every control with `data-must` needs a value (its text says why), and `check`
 * may give more that is wrong; what `work` throws is told in the summary, by `place` beside the field it is about.
 */
export function onSubmit(form, work, { check = () => [], place = () => null } = {}) {
  form.noValidate = true;
  for (const each of form.querySelectorAll("input[id], select[id], textarea[id]")) describe(each, each.id);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    clear(form);
    const missing = [...form.querySelectorAll("[data-must]")].filter((each) => !each.value.trim());
    const found = [...missing.map((each) => wrong(each.id, each.dataset.must)), ...check()];
    if (found.length) {
      tell(form, found);
      return;
    }
    await busy(form, async () => {
      try {
        await work();
      } catch (problem) {
        if (problem.name === "AbortError") return;
        tell(form, place(problem) ?? [wrong(null, told(problem))]);
      }
    });
  });
}

/** While something is done its form says so, and is not sent again. The button keeps the focus. */
export async function busy(form, work) {
  const button = form.querySelector("[type=submit]");
  form.ariaBusy = "true";
  button?.setAttribute("aria-disabled", "true");
  try {
    await work();
  } finally {
    form.ariaBusy = null;
    button?.removeAttribute("aria-disabled");
  }
}

/** Say what is wrong, and go there. */
export function tell(form, found) {
  const box = form.querySelector(".summary");
  const items = found.map(({ field: id, message }) =>
    html`<li>${id ? html`<a href="#${id}" data-field="${id}">${message}</a>` : message}</li>`);
  show(box, html`<h2>${found.length > 1 ? "Some things must be put right" : "This must be put right"}</h2>
    <ul>${items}</ul>`);
  box.hidden = false;
  for (const { field: id, message } of found) mark(form, id, message);
  for (const link of box.querySelectorAll("[data-field]")) link.addEventListener("click", visit);
  box.focus();
}

function mark(form, id, message) {
  const control = id && form.querySelector(`#${CSS.escape(id)}`);
  const place = id && form.querySelector(`#${CSS.escape(id)}-wrong`);
  if (place) {
    place.textContent = message;
    place.hidden = false;
  }
  if (control?.matches("input, select, textarea")) control.setAttribute("aria-invalid", "true");
  describe(control, id);
}

/** A control is described by its hint and by what is wrong with it, whichever of them are there. */
function describe(control, id) {
  if (!control) return;
  const parts = [`${id}-hint`, `${id}-wrong`].filter((each) => document.getElementById(each)?.textContent);
  if (parts.length) control.setAttribute("aria-describedby", parts.join(" "));
  else control.removeAttribute("aria-describedby");
}

/** Take back what was said. */
export function clear(form) {
  const box = form.querySelector(".summary");
  box.hidden = true;
  box.replaceChildren();
  for (const each of form.querySelectorAll(".wrong")) {
    each.hidden = true;
    each.textContent = "";
  }
  for (const each of form.querySelectorAll("[aria-invalid]")) {
    each.removeAttribute("aria-invalid");
    describe(each, each.id);
  }
}

// The fragment is the page's address, so a link of the summary moves the focus itself; its label comes into view first.
function visit(event) {
  event.preventDefault();
  const control = document.getElementById(event.currentTarget.dataset.field);
  const label = document.querySelector(`label[for="${CSS.escape(control.id)}"]`) ?? control;
  label.scrollIntoView({ block: "start" });
  const inner = control.matches("input, select, textarea, button") ? control : control.querySelector("input, button");
  (inner ?? control).focus({ preventScroll: true });
}
