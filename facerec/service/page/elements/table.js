// Tables that become cards on a phone. Roles are written out, since they are lost with the display of a table.

import { html } from "../lib/html.js";

/** A table: `columns` are names, each row a list of cells, the first of which names the row. */
export function table(caption, columns, rows) {
  return html`<table role="table">
    <caption class="hidden-text">${caption}</caption>
    <thead role="rowgroup"><tr role="row">
      ${columns.map((name) => html`<th role="columnheader" scope="col">${name}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">${rows.map((cells) => html`<tr role="row">${cells.map((cell, index) => index
      ? html`<td role="cell" data-label="${columns[index]}">${cell}</td>`
      : html`<th role="rowheader" scope="row">${cell}</th>`)}</tr>`)}</tbody>
  </table>`;
}
