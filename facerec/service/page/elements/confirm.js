// A question before something that cannot be taken back.

import { html, show } from "../lib/html.js";

/** Whether whoever is asked says yes; Escape and the other button say no. */
export function confirmed({ title, words, yes, danger = false }) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "question");
  show(dialog, html`<form method="dialog">
    <h2 id="question">${title}</h2>
    <p>${words}</p>
    <div class="actions">
      <button value="yes" class="${danger ? "danger" : ""}">${yes}</button>
      <button value="no" class="quiet" autofocus>Not now</button>
    </div>
  </form>`);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => {
      answer(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}
