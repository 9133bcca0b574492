// Signing in: a key for a session, whose cookie no script can read. The key itself is kept nowhere.

import { ask } from "../lib/api.js";
import { field, onSubmit, summary, wrong } from "../lib/form.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";

const form = html`<form class="sign-in">
  ${summary()}
  ${field("key", "Key", html`<input id="key" type="password" autocomplete="off" spellcheck="false"
    data-must="Enter a key. It begins with fr_.">`, {
    hint: "It begins with fr_. Whoever runs this service gives keys out; each is shown once, when it is made.",
  })}
  <button type="submit">Sign in</button>
  <p class="hint">This browser keeps a session of 8 hours at most, and not the key.</p>
</form>`;

/** The view; `onSession` gets what the key may do. */
export function signIn(main, onSession) {
  show(main, html`<div class="narrow"><h1 tabindex="-1">Sign in</h1>${form}</div>`);
  listen(main, onSession);
}

/** The same over a view, where a session ended while somebody worked: what was typed below it stays. */
export function signInAgain(onSession) {
  if (document.querySelector("dialog.again")) return;
  const dialog = Object.assign(document.createElement("dialog"), { className: "again" });
  dialog.setAttribute("aria-labelledby", "again");
  show(dialog, html`<h2 id="again">The session has ended</h2>
    <p>Sign in again, and then send once more what you were about to. What you typed is still there.</p>${form}`);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  listen(dialog, (session) => {
    dialog.close();
    onSession(session);
  });
  dialog.showModal();
}

function listen(root, onSession) {
  const element = root.querySelector("form");
  const key = root.querySelector("#key");
  onSubmit(element, async () => {
    const { body } = await ask("POST", "/session", { json: { key: key.value.trim() }, quiet: true });
    key.value = "";
    onSession(body);
  }, { place: (problem) => (problem.code === "no_key" ? [wrong("key", told(problem))] : null) });
}
