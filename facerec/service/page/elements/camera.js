// The camera. Before the browser asks for it, the page says what will leave the device; while it runs, the page says
// whether a picture would do.

import { draw, fit, frame } from "./boxes.js";
import { canCheck, check } from "./checks.js";
import { html, show } from "../lib/html.js";
import { told } from "../lib/problems.js";

const PAUSE = 900; // milliseconds between a judgement and the next picture that is judged
const WIDEST = 1280;

const LEAVES = {
  judged: "While the camera runs, about one still picture a second is sent to this service, which says whether it "
    + "would do and keeps none of them. The picture that you take is sent when you send the form. The video itself "
    + "stays on this device.",
  silent: "Nothing leaves this device while the camera runs. The picture that you take is sent when you send the form.",
};

const REFUSED = {
  NotAllowedError: "The camera must be allowed for this page. Allow it in the browser, or choose a file.",
  NotFoundError: "No camera was found. Connect one, or choose a file.",
  NotReadableError: "Another program uses the camera. Close it, or choose a file.",
};

/** Open the camera in `panel`; `onPhoto` gets each picture that is taken, `onClose` hears when it is put away. */
export function openCamera(panel, { context, enrolling, judging, onPhoto, onClose }) {
  const judges = judging && canCheck(context);
  const stopping = new AbortController();
  context.signal.addEventListener("abort", () => stopping.abort(), { signal: stopping.signal });

  function close() {
    stopping.abort();
    panel.replaceChildren();
    panel.hidden = true;
    onClose();
  }

  panel.hidden = false;
  show(panel, html`<h3 tabindex="-1">Before the camera starts</h3>
    <p>${judges ? LEAVES.judged : LEAVES.silent} The browser asks you next.</p>
    <div class="actions">
      <button type="button" data-do="start">Start the camera</button>
      <button type="button" class="quiet" data-do="close">Not now</button>
    </div>
    <p class="verdict bad" role="alert" hidden></p>`);
  panel.querySelector("[data-do=close]").addEventListener("click", close);
  panel.querySelector("[data-do=start]").addEventListener("click", async () => {
    const refused = panel.querySelector("[role=alert]");
    refused.hidden = true;
    try {
      await run(panel, { stopping, judges, enrolling, onPhoto, close });
    } catch (error) {
      refused.textContent = REFUSED[error.name] ?? "The camera cannot be used here. Choose a file.";
      refused.hidden = false;
    }
  });
  panel.querySelector("h3").focus();
}

async function run(panel, { stopping, judges, enrolling, onPhoto, close }) {
  if (!navigator.mediaDevices) throw new Error("the browser gives a camera to encrypted pages only");
  const wanted = { video: { width: { ideal: WIDEST }, facingMode: "user" }, audio: false };
  const stream = await navigator.mediaDevices.getUserMedia(wanted);
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (stopping.signal.aborted) {
    stop();
    return;
  }
  stopping.signal.addEventListener("abort", stop);
  show(panel, html`${frame(html`<video autoplay muted playsinline aria-label="What the camera sees"></video>`)}
    <p class="verdict" role="status">${judges ? "Looking for a face." : "The camera runs."}</p>
    <div class="actions">
      <button type="button" data-do="take" disabled>Take the photo</button>
      <button type="button" class="quiet" data-do="close">Stop the camera</button>
    </div>`);
  panel.querySelector("[data-do=close]").addEventListener("click", close);
  const video = panel.querySelector("video");
  video.srcObject = stream;
  await video.play();
  if (stopping.signal.aborted) return;
  fit(panel.querySelector(".frame"), sizeOfVideo(video));
  const take = panel.querySelector("[data-do=take]");
  take.addEventListener("click", async () => onPhoto(await picture(video)));
  take.disabled = false; // not before there is a picture to take
  take.focus();
  if (judges) judge(panel, video, { enrolling, signal: stopping.signal });
}

/** Judge one picture after the other until the camera is stopped. */
async function judge(panel, video, { enrolling, signal }) {
  const status = panel.querySelector("[role=status]");
  while (!signal.aborted) {
    let wait = PAUSE;
    try {
      const found = await check(await picture(video), { enrolling, signal });
      if (signal.aborted) return;
      draw(panel.querySelector(".frame"), found.boxes, sizeOfVideo(video));
      say(status, found);
    } catch (problem) {
      if (signal.aborted || problem.name === "AbortError") return;
      say(status, { kind: "warn", words: told(problem) });
      if (problem.status === 401) return;
      wait = 1000 * (problem.wait ?? 5);
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** Only what is new is said, so that a screen reader does not repeat itself every second. */
function say(status, { kind, words }) {
  if (status.textContent !== words) status.textContent = words;
  status.className = `verdict ${kind}`;
}

const sizeOfVideo = (video) => ({ width: video.videoWidth, height: video.videoHeight });

async function picture(video) {
  const canvas = Object.assign(document.createElement("canvas"), sizeOfVideo(video));
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
  return new File([blob], "camera.jpg", { type: "image/jpeg" });
}
