// Speaks to the desk. The token lives in this tab only, and not longer than fifteen idle minutes.

const KEY = "firstdose.token";
const IDLE_MS = 15 * 60 * 1000;
let lastTouched = Date.now();

export const session = {
  token: () => sessionStorage.getItem(KEY),
  begin(token) {
    sessionStorage.setItem(KEY, token);
    lastTouched = Date.now();
  },
  end: () => sessionStorage.removeItem(KEY),
};

/** Calls `leave` when nobody has touched the page for fifteen minutes. */
export function watchIdleness(leave) {
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
    addEventListener(kind, () => { if (!expired()) lastTouched = Date.now(); }, { passive: true });
  }
  const look = () => { if (session.token() && expired()) leave(); };
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
}

function expired() {
  return Date.now() - lastTouched > IDLE_MS;
}

/** An answer that is not a success; `problem` is its RFC 9457 body. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The desk did not answer as expected.");
    this.problem = problem;
  }
}

export async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  return call("GET", given.length ? `${path}?${new URLSearchParams(given)}` : path);
}

const PAGE = 200;

/** The rows of a list, page by page, up to `most`; `more` says whether there are others. */
export async function rows(path, query, most) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...query, cursor, limit: Math.min(PAGE, most - items.length) });
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor && items.length < most);
  return { items, more: Boolean(cursor) };
}

/** A file of the desk, saved by the browser under this name or the desk's: a plain link could not carry the token. */
export async function download(path, name) {
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${session.token()}` }, cache: "no-store" })
    .catch(() => { throw new Refusal({ title: "The desk cannot be reached." }); });
  if (!answer.ok) throw new Refusal({ status: answer.status, ...await answer.json().catch(() => ({})) });
  const address = URL.createObjectURL(await answer.blob());
  const named = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") ?? "")?.[1];
  Object.assign(document.createElement("a"), { href: address, download: name ?? named ?? "document" }).click();
  URL.revokeObjectURL(address);
}

/** Posts with a key of its own, so that a second click does nothing twice. */
export async function post(path, body = {}, key = crypto.randomUUID()) {
  return call("POST", path, body, { "Idempotency-Key": key });
}

async function call(method, path, body, headers = {}) {
  const answer = await fetch(path, {
    method,
    headers: { ...headers, Authorization: `Bearer ${session.token()}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    cache: "no-store",
  }).catch(() => { throw new Refusal({ title: "The desk cannot be reached." }); });
  const content = await answer.json().catch(() => ({}));
  if (answer.status === 401) document.dispatchEvent(new Event("signed-out"));
  if (!answer.ok) throw new Refusal({ status: answer.status, ...content });
  return content;
}
