// The one template function: whatever is put into a text is escaped, so that a person's name is never markup. No other
// file writes markup into the page. Attributes that hold a value must be quoted: inside quotes the escapes are enough.

const CODES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

class Markup {
  constructor(text) {
    this.text = text;
  }
}

function safe(value) {
  if (value === null || value === undefined || value === false || value === true) return "";
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(safe).join("");
  return String(value).replace(/[&<>"']/g, (each) => CODES[each]);
}

/** Markup from a template; what stands in ${...} is text, unless it is itself made by this function. */
export function html(parts, ...values) {
  return new Markup(parts.reduce((text, part, index) => text + safe(values[index - 1]) + part));
}

/** Put markup into an element, in place of what was there. */
export function show(element, markup) {
  if (!(markup instanceof Markup)) throw new TypeError("only what html`...` made can be shown");
  element.innerHTML = markup.text;
  return element;
}
