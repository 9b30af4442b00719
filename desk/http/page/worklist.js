// The worklist, and one work item with the form of its answer.

import { get, post, rows } from "./api.js";
import { inQuestion } from "./authorization.js";
import { alike, questions } from "./documents.js";
import { due, el, isPast, moment, more, notify, outcome, shortId, stateBadge, table, words } from "./elements.js";
import { schemaForm } from "./form.js";
import { remarks, wantedDocuments } from "./remarks.js";

const ROLES = ["intake_coordinator", "customer_service", "reimbursement_specialist", "pharmacist", "nurse_coordinator", "nurse", "supervisor"];

export function worklist(query, me) {
  const own = ROLES.find((role) => me.roles.includes(role) && role !== "supervisor") ?? "";
  const filter = {
    role: query.get("role") ?? own,
    assignee: query.get("mine") ? me.id : "",
    overdue: query.get("overdue") ?? "",
  };
  const most = Number(query.get("show")) || 200;
  return { title: "Worklist", every: 5000, render: () => list(filter, query.get("mine") ?? "", most) };
}

async function list(filter, mine, most) {
  const page = await rows("/api/work-items", filter, most);
  const count = page.more ? `the ${page.items.length} most pressing` : `${page.items.length} open`;
  const wanted = { role: filter.role, mine, overdue: filter.overdue };
  return [
    el("div.heading", {}, el("h1", {}, "Worklist"), el("span.faint", {}, count)),
    filters(filter, mine, wanted),
    table(["What", "For", "Referral", "Due", "Taken by"], page.items.map(row), "Nothing waits here."),
    more(page, "#/items", wanted, most),
  ].filter(Boolean);
}

function filters(filter, mine, wanted) {
  const go = (changes) => { location.hash = `#/items?${new URLSearchParams({ ...wanted, ...changes })}`; };
  const roles = el("select", { "aria-label": "Role", change: (event) => go({ role: event.target.value }) },
    el("option", { value: "" }, "All roles"),
    ROLES.map((role) => el("option", { value: role, selected: role === filter.role }, words(role))));
  return el("div.filters", {}, roles,
    toggle("Mine", Boolean(mine), () => go({ mine: mine ? "" : "1" })),
    toggle("Overdue", filter.overdue === "true", () => go({ overdue: filter.overdue ? "" : "true" })));
}

function toggle(caption, on, click) {
  return el("button.toggle", { type: "button", "aria-pressed": String(on), click }, caption);
}

function row(entry) {
  return el("tr", {},
    el("td", {}, el("a", { href: `#/items/${encodeURIComponent(entry.id)}` }, words(entry.kind)),
      entry.level ? el("span.badge.bad", { title: "escalated" }, `↑${entry.level}`) : null),
    el("td", {}, words(entry.role)),
    el("td", {}, el("a", { href: `#/referrals/${entry.referral_id}` }, el("code", {}, shortId(entry.referral_id)))),
    el("td", {}, due(entry.due_at)),
    el("td.faint", {}, entry.assignee ?? "—"));
}

export function item(id, me) {
  return { title: "Work item", every: 0, render: () => one(id, me) };
}

async function one(id, me) {
  const entry = await get(`/api/work-items/${encodeURIComponent(id)}`);
  const open = entry.state === "open" || entry.state === "claimed";
  const allowed = me.roles.includes(entry.role) || me.roles.includes("supervisor");
  return [
    el("div.heading", {}, el("h1", {}, words(entry.kind)), stateBadge(entry.state)),
    el("div.split", {},
      el("section.card", {}, el("h2", {}, "What is asked"), facts(entry), inQuestion(entry.asks.lines ?? []), unreadable(entry.unreadable), questions(entry.shown.questions), alike(entry.shown.alike), wantedDocuments(entry.shown.wanted), remarks(entry.shown.remarks), open && allowed ? taking(entry, me) : null),
      el("section.card", {}, el("h2", {}, "Answer"), answer(entry, open, allowed))),
  ];
}

function facts(entry) {
  const told = [
    ["For", words(entry.role)],
    ["Referral", el("a", { href: `#/referrals/${entry.referral_id}` }, el("code", {}, shortId(entry.referral_id)))],
    ["Opened", moment(entry.opened_at)],
    ["Due", el("span", {}, moment(entry.due_at), " ", isPast(entry.due_at) ? due(entry.due_at) : null)],
    ["Taken by", entry.assignee ?? "nobody"],
    ...Object.entries(entry.asks).filter(([name, value]) => value != null && !["lines", "contacts"].includes(name)).map(([name, value]) => [words(name), said(value)]),
  ];
  return el("dl", {}, told.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
}

/** What the payer sent instead of an answer, without what it says of anybody. */
function unreadable(came) {
  if (!came) return null;
  if (came.problem !== "unreadable_answer") return el("p.hint", {}, `What the payer sent ${moment(came.at)} is about another patient or another request. It is kept and not shown.`);
  return el("figure", {},
    el("figcaption.hint", {}, `What the payer sent ${moment(came.at)} (${came.bytes} bytes; words and digits are masked)`),
    el("pre.excerpt", {}, came.excerpt || "nothing"));
}

/** Any value of ours in words: codes, lists of them, lists of records. */
export function said(value) {
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== "object")) return value.map(String).join(", ") || "—";
    return el("ul", {}, value.map((each) => el("li", {}, said(each))));
  }
  if (value && typeof value === "object") {
    return Object.entries(value).filter(([, part]) => part != null && part !== "").map(([name, part]) => `${words(name)}: ${inside(part)}`).join(" · ");
  }
  return value === true ? "yes" : value === false ? "no" : String(value ?? "—");
}

/** What lies inside a record, in one line: `1 partial, 2 approved`. */
function inside(part) {
  if (Array.isArray(part)) return part.map(inside).join(", ");
  if (!part || typeof part !== "object") return String(part);
  return Object.entries(part).filter(([, each]) => each != null && each !== "").map(([name, each]) => `${name} ${inside(each)}`).join(", ");
}

function taking(entry, me) {
  const path = `/api/work-items/${encodeURIComponent(entry.id)}`;
  const done = (verb, text, body) => async () => {
    try {
      await post(`${path}/${verb}`, body?.());
      notify(text, "good");
      dispatchEvent(new HashChangeEvent("hashchange"));
    } catch (refusal) { notify(refusal.message, "bad"); }
  };
  const tomorrow = () => ({ until: new Date(Date.now() + 86400000).toISOString() });
  return el("div.actions", {},
    entry.assignee === me.id && entry.state === "claimed"
      ? el("button.quiet", { type: "button", click: done("release", "Given back.") }, "Give back")
      : el("button.quiet", { type: "button", click: done("claim", "It is yours now.") }, "Take it"),
    el("button.quiet", { type: "button", click: done("snooze", "Out of sight until tomorrow, or until it is due.", tomorrow) }, "Snooze a day"));
}

function answer(entry, open, allowed) {
  if (!open) return entry.resolution ? el("p", {}, said(entry.resolution)) : el("p.empty", {}, "It needs no answer any more.");
  if (!allowed) return el("p.empty", {}, `This is work for the role ${words(entry.role).toLowerCase()}.`);
  const form = schemaForm(entry.resolution_schema, entry.asks);
  const problems = el("ul.problems", { role: "alert" });
  const button = el("button", {}, "Send answer");
  const key = crypto.randomUUID();
  let attempt = 0;
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problems.replaceChildren();
    try {
      notify(outcome(await post(`/api/work-items/${encodeURIComponent(entry.id)}/resolve`, form.read(), `${key}-${attempt}`)), "good");
      location.hash = "#/items";
    } catch (refusal) {
      // A refused answer is another one when it is corrected; one that got lost is the same one again.
      if (refusal.problem.status) attempt += 1;
      show(problems, refusal);
    } finally { button.disabled = false; }
  };
  return el("form", { submit: send }, form.node, problems, el("div.actions", {}, button));
}

function show(list, refusal) {
  const errors = refusal.problem.errors ?? [{ problem: refusal.message }];
  list.replaceChildren(...errors.map(({ path, problem }) => el("li", {}, path ? el("code", {}, path) : null, path ? " " : null, problem)));
}
