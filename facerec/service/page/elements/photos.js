// Photos for a form: chosen as files, dropped, or taken with the camera; what is wrong with one is said at once.

import { draw, fit, frame, sizeOf } from "./boxes.js";
import { openCamera } from "./camera.js";
import { canCheck, check } from "./checks.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";
import { several } from "../lib/words.js";

const TYPES = "image/jpeg,image/png,image/webp,image/*";

/** Where photos are chosen; `id` is that of the field, and `many` whether there may be several. */
export function photosField(id, label, { many = false, hint = "JPEG, PNG or WebP, smaller than 10 MB." } = {}) {
  return html`<fieldset class="field photos" id="${id}">
    <legend>${label}</legend>
    <p class="hint" id="${id}-hint">${hint}</p>
    <p class="wrong" id="${id}-wrong" hidden></p>
    <ol class="chosen" hidden></ol>
    <p class="hidden-text" role="status"></p>
    <div class="actions">
      <span class="file">
        <input type="file" id="${id}-file" accept="${TYPES}" aria-describedby="${id}-hint"${many
          ? html` multiple`
          : ""}>
        <label class="button quiet" for="${id}-file">${many ? "Choose photos" : "Choose a photo"}</label>
      </span>
      <button type="button" class="quiet" data-do="camera">Use the camera</button>
    </div>
    <div class="camera" hidden></div>
  </fieldset>`;
}

/** Photos of a field made by `photosField`: `files()`, `url()`, `mark(index, message)`. */
export class Photos {
  #chosen = [];
  #urls = []; // of all photos so far: what a view shows of one that was replaced stays until the view is left

  constructor(field, { context, many = false, judging = true, enrolling = false }) {
    Object.assign(this, { field, context, many, judging, enrolling });
    const input = field.querySelector("input[type=file]");
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = ""; // so that the same file may be chosen again
    });
    this.#takeDrops();
    const button = field.querySelector("[data-do=camera]");
    button.addEventListener("click", () => {
      button.hidden = true;
      openCamera(field.querySelector(".camera"), {
        ...{ context, enrolling, judging },
        onPhoto: (file) => this.add([file]),
        onClose: () => {
          button.hidden = false;
          if (!context.signal.aborted) button.focus();
        },
      });
    });
    context.signal.addEventListener("abort", () => this.#urls.forEach((url) => URL.revokeObjectURL(url)));
  }

  files() {
    return this.#chosen.map(({ file }) => file);
  }

  /** The address under which the page shows a photo itself. */
  url(index = 0) {
    return this.#chosen[index]?.url;
  }

  add(files) {
    const added = files.map((file) => ({ file, url: URL.createObjectURL(file), found: null, size: undefined }));
    this.#urls.push(...added.map(({ url }) => url));
    this.#chosen = this.many ? [...this.#chosen, ...added] : added.slice(-1);
    this.#show();
    for (const each of this.#chosen.filter((photo) => added.includes(photo))) this.#judge(each);
  }

  /** Say what is wrong with a photo. */
  mark(index, message) {
    const photo = this.#chosen[index];
    if (photo) photo.found = { kind: "bad", words: message, boxes: photo.found?.boxes ?? [] };
    this.#show();
  }

  async #judge(photo) {
    if (!this.judging || !canCheck(this.context)) return;
    try {
      photo.found = await check(photo.file, { enrolling: this.enrolling, signal: this.context.signal });
    } catch (problem) {
      if (problem.name === "AbortError") return;
      photo.found = { kind: "warn", words: told(problem), boxes: [] };
    }
    if (!this.#chosen.includes(photo)) return;
    this.#show();
    const place = this.many ? `Photo ${this.#chosen.indexOf(photo) + 1}: ` : "";
    this.field.querySelector("[role=status]").textContent = place + photo.found.words;
  }

  #show() {
    const list = this.field.querySelector(".chosen");
    list.hidden = !this.#chosen.length;
    show(list, html`${this.#chosen.map((photo, index) => this.#item(photo, index))}`);
    this.#chosen.forEach((photo, index) => this.#complete(photo, list.children[index], index));
  }

  #item({ file, url, found, size }, index) {
    const judging = this.judging && canCheck(this.context) ? "Looking at it." : "";
    return html`<li>
      ${size === null
        ? html`<p class="frame missing">No preview: this browser cannot show this kind of file.</p>`
        : frame(html`<img src="${url}" alt="Photo ${index + 1}: ${file.name}">`)}
      <div>
        <p class="file-name">${file.name}</p>
        <p class="verdict ${found?.kind}">${found?.words ?? judging}</p>
        <button type="button" class="quiet small" aria-label="Remove photo ${index + 1}, ${file.name}">Remove</button>
      </div>
    </li>`;
  }

  async #complete(photo, item, index) {
    item.querySelector("button").addEventListener("click", () => this.#remove(index));
    const image = item.querySelector("img");
    if (!image) return;
    photo.size ??= await sizeOf(image);
    if (!item.isConnected) return;
    if (photo.size === null) {
      this.#show();
      return;
    }
    fit(item.querySelector(".frame"), photo.size);
    draw(item.querySelector(".frame"), photo.found?.boxes ?? [], photo.size);
  }

  #remove(index) {
    this.#chosen.splice(index, 1);
    this.#show();
    this.field.querySelector("[role=status]").textContent = `Removed; ${several(this.#chosen.length, "photo")} left.`;
    this.field.querySelector("input[type=file]").focus();
  }

  #takeDrops() {
    this.field.addEventListener("dragover", (event) => event.preventDefault());
    this.field.addEventListener("drop", (event) => {
      event.preventDefault();
      this.add([...event.dataTransfer.files].filter(({ type }) => type.startsWith("image/")));
    });
  }
}
