// The worklist, and one work item with the form of its answer.

import { get, post } from "./api.js";
import { due, el, isPast, moment, notify, shortId, stateBadge, table, words } from "./elements.js";
import { schemaForm } from "./form.js";

const ROLES = ["intake_coordinator", "customer_service", "reimbursement_specialist", "pharmacist", "nurse_coordinator", "nurse", "supervisor"];

export function worklist(query, me) {
  const own = ROLES.find((role) => me.roles.includes(role) && role !== "supervisor") ?? "";
  const filter = {
    role: query.get("role") ?? own,
    assignee: query.get("mine") ? me.id : "",
    overdue: query.get("overdue") ?? "",
  };
  return { title: "Worklist", every: 5000, render: () => list(filter, Boolean(query.get("mine"))) };
}

async function list(filter, mine) {
  const page = await get("/api/work-items", { ...filter, limit: 200 });
  return [
    el("div.heading", {}, el("h1", {}, "Worklist"), el("span.faint", {}, `${page.items.length} open`)),
    filters(filter, mine),
    table(["What", "For", "Referral", "Due", "Taken by"], page.items.map(row), "Nothing waits here."),
  ];
}

function filters(filter, mine) {
  const go = (changes) => {
    const wanted = { role: filter.role, mine: mine ? "1" : "", overdue: filter.overdue, ...changes };
    location.hash = `#/work?${new URLSearchParams(wanted)}`;
  };
  const roles = el("select", { "aria-label": "Role", change: (event) => go({ role: event.target.value }) },
    el("option", { value: "" }, "All roles"),
    ROLES.map((role) => el("option", { value: role, selected: role === filter.role }, words(role))));
  return el("div.filters", {}, roles,
    toggle("Mine", mine, () => go({ mine: mine ? "" : "1" })),
    toggle("Overdue", filter.overdue === "true", () => go({ overdue: filter.overdue ? "" : "true" })));
}

function toggle(caption, on, click) {
  return el("button.toggle", { type: "button", "aria-pressed": String(on), click }, caption);
}

function row(entry) {
  return el("tr", {},
    el("td", {}, el("a", { href: `#/work/${encodeURIComponent(entry.id)}` }, words(entry.kind)),
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
      el("section.card", {}, el("h2", {}, "What is asked"), facts(entry), open && allowed ? taking(entry, me) : null),
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
    ...Object.entries(entry.asks).filter(([, value]) => value != null).map(([name, value]) => [words(name), said(value)]),
  ];
  return el("dl", {}, told.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
}

/** Any value of ours in words: codes, lists of them, lists of records. */
export function said(value) {
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== "object")) return value.map(String).join(", ") || "—";
    return el("ul", {}, value.map((each) => el("li", {}, said(each))));
  }
  if (value && typeof value === "object") {
    return Object.entries(value).filter(([, part]) => part != null && part !== "").map(([name, part]) => `${words(name)}: ${typeof part === "object" ? JSON.stringify(part) : part}`).join(" · ");
  }
  return value === true ? "yes" : value === false ? "no" : String(value ?? "—");
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
      const outcome = await post(`/api/work-items/${encodeURIComponent(entry.id)}/resolve`, form.read(), `${key}-${attempt}`);
      notify(outcome.status === "applied" ? "Done." : "Stored; it will be applied shortly.", "good");
      location.hash = "#/work";
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
