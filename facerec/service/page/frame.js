// What stands around every view: the galleries, the ways between the views, who is signed in.

import { html, show } from "./lib/html.js";
import { address } from "./lib/route.js";

/** The head of the page for a session; `views` are those that the key may see, `at` is where the page is,
 * `gallery` the one that was looked at last. */
export function frame(top, { session, galleries, gallery, views, at, onGallery, onSignOut }) {
  const places = [
    ...views.filter((view) => gallery && view.gallery),
    ...views.filter((view) => !view.gallery),
  ];
  show(top, html`<div class="bar">
      <a class="brand" href="#/"><img src="/page/icon.svg" alt="" width="28" height="28">facerec</a>
      ${gallery ? choice([...new Set([...galleries, gallery])], gallery) : ""}
      <span class="who"><span class="label">${session.label}</span>
        <button type="button" class="quiet small">Sign out</button></span>
    </div>
    <nav aria-label="Views"><ul>${places.map((view) => html`<li><a
      href="${address(view.name, { gallery: view.gallery ? gallery : null })}"${view.name === at.view
        ? html` aria-current="page"` : ""}>${view.title}</a></li>`)}</ul></nav>`);
  top.querySelector("#gallery")?.addEventListener("change", (event) => onGallery(event.target.value));
  top.querySelector("button").addEventListener("click", onSignOut);
}

const choice = (names, gallery) => html`<span class="place"><label for="gallery">Gallery</label>
  <select id="gallery">${names.map((name) =>
    html`<option value="${name}"${name === gallery ? html` selected` : ""}>${name}</option>`)}</select></span>`;

/** The head of the page for nobody. */
export function emptyFrame(top) {
  show(top, html`<div class="bar"><span class="brand">
    <img src="/page/icon.svg" alt="" width="28" height="28">facerec</span></div>`);
}
