// Boxes over a photo. Places are set through the style of each element, since the page allows no style in its markup.

import { html, show } from "../lib/html.js";

/** A place for a photo or a video with boxes over it. */
export const frame = (inner) => html`<div class="frame">${inner}<div class="boxes" aria-hidden="true"></div></div>`;

/**
 * Draw boxes over what is in a frame. Each is `{ box: [left, top, right, bottom], label, kind }`, in pixels of the
 * photo. What they say must stand in words beside it, too: the boxes are hidden from who cannot see them.
 */
export function draw(element, boxes, { width, height }) {
  const place = element.querySelector(".boxes");
  show(place, html`${boxes.map(({ label, kind }) =>
    html`<div class="box ${kind}">${label ? html`<span class="tag">${label}</span>` : ""}</div>`)}`);
  boxes.forEach(({ box: [left, top, right, bottom] }, index) => {
    const { style, classList } = place.children[index];
    style.left = `${(100 * left) / width}%`;
    style.top = `${(100 * top) / height}%`;
    style.width = `${(100 * (right - left)) / width}%`;
    style.height = `${(100 * (bottom - top)) / height}%`;
    classList.toggle("high", top / height < 0.12); // no room above it for its tag
    classList.toggle("late", left / width > 0.6); // nor to the right
  });
}

/** A frame as wide as its photo allows: a small one is not blown up without end, a tall one fits the window. */
export function fit(element, { width, height }) {
  element.style.maxWidth = `min(100%, 42rem, ${((65 * width) / height).toFixed(2)}vh)`;
}

/** The size of a photo as the browser shows it, upright; null where it cannot show it. */
export async function sizeOf(image) {
  try {
    await image.decode();
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return null;
  }
}
