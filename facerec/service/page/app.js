// The page: who is signed in, which views the key allows, and which of them the address names.

import { emptyFrame, frame } from "./frame.js";
import { ask, ended } from "./lib/api.js";
import { html, show } from "./lib/html.js";
import { told } from "./lib/problems.js";
import { address, read } from "./lib/route.js";
import { audits } from "./views/audits.js";
import { compare } from "./views/compare.js";
import { enroll } from "./views/enroll.js";
import { galleries as galleriesView } from "./views/galleries.js";
import { identify } from "./views/identify.js";
import { keys } from "./views/keys.js";
import { log } from "./views/log.js";
import { jobs } from "./views/jobs.js";
import { people } from "./views/people.js";
import { signIn, signInAgain } from "./views/sign_in.js";
import { verify } from "./views/verify.js";

const VIEWS = [
  { name: "identify", title: "Identify", scope: "identify", gallery: true, show: identify },
  { name: "verify", title: "Verify", scope: "verify", gallery: true, show: verify },
  { name: "enroll", title: "Enroll", scope: "enroll", gallery: true, show: enroll },
  { name: "people", title: "People", scope: "read", gallery: true, show: people },
  { name: "log", title: "Log", scope: "log", gallery: true, show: log },
  { name: "jobs", title: "Jobs", scope: ["manage", "forget"], gallery: true, show: jobs },
  { name: "galleries", title: "Galleries", scope: null, gallery: false, show: galleriesView },
  { name: "compare", title: "Compare", scope: "compare", gallery: false, show: compare },
  { name: "audits", title: "Audits", scope: "audit", gallery: false, show: audits },
  { name: "keys", title: "Keys", scope: "manage", gallery: false, show: keys },
];

const top = document.querySelector("#top");
const main = document.querySelector("#main");
let session = null;
let galleries = [];
let leaving = new AbortController(); // aborted when a view is left: what it asked for and its camera end
let lastGallery = null; // so that views of the whole service lead back to it
let notice = "";

/** Whether the key has a scope, or one of several. */
const may = (scope) => [scope].flat().some((each) => session.scopes.includes(each));
const allowed = () => VIEWS.filter(({ scope }) => (scope ? may(scope) : reaches() || may("manage")));
/** Whether the key can do anything in a gallery. */
const reaches = () => VIEWS.some(({ scope, gallery }) => gallery && may(scope));
const first = () => allowed().find(({ gallery }) => gallery)?.name;

async function begin(found) {
  session = found;
  await reload();
  await go(location.hash);
}

async function reload() {
  galleries = (await ask("GET", "/v1/galleries")).body.galleries.map(({ id }) => id);
}

/** Where an address leads: itself, if the key may see it, else the first view that it may. */
function destination(hash) {
  const at = read(hash);
  const view = allowed().find(({ name }) => name === at.view);
  if (view && Boolean(at.gallery) === view.gallery) return hash;
  const gallery = at.gallery ?? (galleries.length === 1 ? galleries[0] : null);
  if (first() && gallery && !view) return address(first(), { gallery });
  return allowed().length ? address(allowed().find((each) => !each.gallery).name) : null;
}

async function go(hash, { quiet = false } = {}) {
  if (!session) return;
  const where = destination(hash);
  if (where !== null && where !== location.hash) {
    history.replaceState(null, "", where);
  }
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const at = where === null ? { gallery: null, view: "", id: null } : read(where);
  lastGallery = at.gallery ?? lastGallery;
  frame(top, {
    ...{ session, galleries, at, views: allowed(), gallery: lastGallery },
    onGallery: (gallery) => turn(at, gallery),
    onSignOut: signOut,
  });
  if (where === null) {
    show(main, html`<h1 tabindex="-1">Nothing to see</h1><p>This key is for programs: it may
      ${session.scopes.join(", ")}, and the page shows nothing of that.</p>`);
    return;
  }
  await view(at, signal, quiet);
}

async function view(at, signal, quiet) {
  const { title, show: draw } = VIEWS.find(({ name }) => name === at.view);
  document.title = at.gallery ? `${title} \u2013 ${at.gallery} \u2013 facerec` : `${title} \u2013 facerec`;
  main.ariaBusy = "true";
  try {
    await draw(main, contextOf(at, signal));
  } catch (problem) {
    if (signal.aborted) return; // another view stands there now
    if (!problem.code) throw problem;
    if (problem.status === 401) return;
    show(main, html`<h1 tabindex="-1">${problem.title || "This cannot be shown"}</h1><p>${told(problem)}</p>
      <div class="actions"><button type="button">Try again</button></div>`);
    main.querySelector("button").addEventListener("click", () => go(location.hash));
  }
  if (signal.aborted) return;
  main.ariaBusy = null;
  announce();
  if (!quiet) main.querySelector("h1")?.focus();
}

/** What was done just before stands over the view that follows. */
function announce() {
  if (!notice) return;
  const line = Object.assign(document.createElement("p"), { className: "notice", textContent: notice });
  line.setAttribute("role", "status");
  main.prepend(line);
  notice = "";
}

function contextOf(at, signal) {
  return {
    ...{ session, galleries, signal, may, reload },
    gallery: at.gallery,
    id: at.id,
    first: first(),
    go: (name, place) => {
      location.hash = address(name, place);
    },
    /** Show a view anew, with a word about what was done. */
    refresh: (where, words = "") => {
      notice = words;
      return go(where ?? location.hash);
    },
  };
}

/** The same view of another gallery; from a view of the service, the first of that gallery. */
function turn(at, gallery) {
  location.hash = address(at.gallery ? at.view : first(), { gallery });
}

async function signOut() {
  try {
    await ask("DELETE", "/session", { quiet: true });
  } catch (problem) {
    notice = `You are still signed in. ${told(problem)}`;
    announce();
    return;
  }
  session = lastGallery = null;
  leaving.abort();
  history.replaceState(null, "", "#/");
  await start();
}

/** Ask for a key in place of everything. */
function askForKey() {
  emptyFrame(top);
  document.title = "Sign in \u2013 facerec";
  signIn(main, begin);
}

async function start() {
  emptyFrame(top);
  try {
    const { body } = await ask("GET", "/session", { quiet: true });
    await begin(body);
  } catch (problem) {
    if (problem.status === 401) {
      askForKey();
      return;
    }
    show(main, html`<h1 tabindex="-1">The service cannot be used now</h1><p>${told(problem)}</p>`);
  }
}

ended.addEventListener("ended", () => signInAgain((found) => {
  const same = session && found.id === session.id;
  session = found;
  if (!same || main.ariaBusy === "true") begin(found); // another key may not see what is shown
}));
// The address says which view is shown, so this link must not change it.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => go(location.hash));
await start();
