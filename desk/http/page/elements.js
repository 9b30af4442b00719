// Builds elements. Text is only ever text: nothing that comes from the desk is read as markup.

/** `el("p.note", {title: "…"}, "text", child, …)`; functions become listeners of the event they are named for. */
export function el(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, String(value));
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

/** `prior_authorization` as people read it. */
export function words(code) {
  const text = String(code ?? "").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last part of an id: enough to tell two referrals apart at a glance. */
export function shortId(id) {
  return String(id).slice(-8);
}

const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];

export function moment(iso) {
  return iso ? moments.format(new Date(iso)) : "";
}

/** How long ago or ahead: `3 h`, `2 d`. */
export function span(iso) {
  const seconds = Math.abs(Date.now() - new Date(iso).getTime()) / 1000;
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

export function isPast(iso) {
  return Boolean(iso) && new Date(iso).getTime() < Date.now();
}

/** When something is due, plain or in the color of lateness. */
export function due(iso) {
  if (!iso) return el("span.faint", {}, "no date");
  const late = isPast(iso);
  return el(late ? "time.late" : "time", { datetime: iso, title: moment(iso) }, late ? `${span(iso)} overdue` : `due in ${span(iso)}`);
}

export function since(iso) {
  return iso ? el("time.faint", { datetime: iso, title: moment(iso) }, `since ${span(iso)}`) : null;
}

export function badge(text, tone = "plain") {
  return el(`span.badge.${tone}`, {}, words(text));
}

const TONES = {
  approved: "good", not_required: "good", denied: "bad", exhausted: "bad", expired: "bad", needs_review: "bad",
  partial: "warn", modified: "warn", info_requested: "warn", stat: "bad", urgent: "warn",
};

export function stateBadge(state) {
  return badge(state, TONES[state] ?? "plain");
}

/** Where there is no room for columns each row becomes a block, its cells labeled with their headings. */
export function table(headings, rows, empty) {
  if (!rows.length) return el("p.empty", {}, empty);
  for (const row of rows) {
    if (row.cells.length === headings.length) [...row.cells].forEach((cell, index) => { cell.dataset.label = headings[index]; });
  }
  return el("div.scroll", {}, el("table", {},
    el("thead", {}, el("tr", {}, headings.map((heading) => el("th", { scope: "col" }, heading)))),
    el("tbody", {}, rows)));
}

/** A link to the same list with more of its rows, if there are any; `query` is what the list is asked for besides. */
export function more(page, route, query, most) {
  if (!page.more) return null;
  return el("p.more", {}, el("a", { href: `${route}?${new URLSearchParams({ ...query, show: most + 200 })}` }, "Show more"));
}

/** What became of an action. */
export function outcome({ id, status }) {
  if (status === "parked") return "Stored, but the process cannot take it as it is: operations will look at it.";
  if (status !== "applied") return "Stored; it will be applied shortly.";
  return id ? `Done: ${id}` : "Done.";
}

let fading;
export function notify(text, tone = "plain") {
  const notice = document.getElementById("notice");
  notice.textContent = text;
  notice.className = `shown ${tone}`;
  clearTimeout(fading);
  fading = setTimeout(() => { notice.className = ""; }, 6000);
}
