// Published audits: reports shown as they are, in a frame in which nothing runs.

import { ask } from "../lib/api.js";
import { html, show } from "../lib/html.js";
import { address } from "../lib/route.js";

const fileOf = (name, file) => `/v1/audits/${encodeURIComponent(name)}/${file}`;

export async function audits(main, { id, signal }) {
  const { body } = await ask("GET", "/v1/audits", { signal });
  if (id && body.audits.includes(id)) {
    report(main, id);
    return;
  }
  show(main, html`<h1 tabindex="-1">Audits</h1>
    <p class="lead">What was measured and published about this matcher.</p>
    ${body.audits.length
      ? html`<ul class="links">${body.audits.map((name) => html`<li>
        <a href="${address("audits", { id: name })}">${name}</a></li>`)}</ul>`
      : html`<p class="empty">None is published here. Whoever runs the service names their folder with
        <code>--audits</code>.</p>`}`);
}

function report(main, name) {
  show(main, html`<p class="back"><a href="${address("audits")}">Audits</a></p>
    <h1 tabindex="-1">${name}</h1>
    <p class="actions"><a class="button quiet" href="${fileOf(name, "report.html")}" target="_blank"
      rel="noopener">Open the report alone</a></p>
    <iframe sandbox="" src="${fileOf(name, "report.html")}" title="The report ${name}"></iframe>`);
}
