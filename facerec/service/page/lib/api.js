// The service, as the page asks it: answers are objects, and whatever goes wrong is a Problem.

/** What went wrong: `code` stays, `detail` says it in the service's words, `errors` name parts of the request. */
export class Problem extends Error {
  constructor(told, { status = 0, wait = null, request = null } = {}) {
    super(told.detail ?? "");
    this.code = told.code ?? "unexpected";
    this.title = told.title ?? "";
    this.detail = told.detail ?? "";
    this.errors = told.errors ?? [];
    this.status = status;
    this.wait = wait;
    this.request = request;
  }
}

const OFFLINE = { code: "offline", detail: "The service did not answer." };

/** Who is told that a session has ended, so that the page can ask for a key without losing what was typed. */
export const ended = new EventTarget();

/**
 * Ask the service. `json` or `form` is the body; undefined values of `query` are left out.
 * The answer is `{ body, etag }`; a Problem is thrown where there is none.
 */
export async function ask(method, path, { query = {}, json, form, headers = {}, signal, quiet = false } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  const typed = json === undefined ? headers : { ...headers, "Content-Type": "application/json" };
  const body = json === undefined ? form : JSON.stringify(json);
  let answer, told;
  try {
    answer = await fetch(address, { method, headers: typed, body, signal });
    told = await answer.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(OFFLINE, { status: answer?.status ?? 0 });
  }
  if (answer.ok) return { body: told, etag: answer.headers.get("ETag") };
  if (answer.status === 401 && !quiet) ended.dispatchEvent(new Event("ended"));
  const wait = Number(answer.headers.get("Retry-After")) || null;
  throw new Problem(told, { status: answer.status, wait, request: answer.headers.get("X-Request-Id") });
}

/** The address of something in a gallery. */
export function within(gallery, ...parts) {
  return ["/v1/galleries", gallery, ...parts].map((part, index) => (index ? encodeURIComponent(part) : part)).join("/");
}

/** A form of photos, as the service takes them. */
export function photoForm(field, files) {
  const form = new FormData();
  for (const file of files) form.append(field, file, file.name);
  return form;
}
