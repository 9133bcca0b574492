// Where the page is, in the fragment of its address, which is sent to nobody: names of galleries and ids, no names.

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** What a fragment names: `#/g/staff/people/<id>` a view of a gallery, `#/keys` one of the service. */
export function read(fragment) {
  const [first, ...rest] = fragment.replace(/^#\/?/, "").split("/").map(decoded);
  if (first === "g") return { gallery: rest[0] || null, view: rest[1] || "", id: rest[2] || null };
  return { gallery: null, view: first, id: rest[0] || null };
}

/** The fragment of a view. */
export function address(view, { gallery = null, id = null } = {}) {
  const parts = [...(gallery ? ["g", gallery] : []), view, ...(id ? [id] : [])];
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}
