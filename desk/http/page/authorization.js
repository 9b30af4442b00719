// Authorization: requested against authorized, line by line, under the request that carries each line, and its clock.

import { badge, due, el, moment, stateBadge, table, words } from "./elements.js";

const CHANNELS = { pas: "FHIR (PAS)", x12: "X12", people: "phone, fax or portal" };
const COLUMNS = ["#", "Service", "State", "Requested", "Authorized", "Number", "Last answer"];

export function lines(view) {
  const carried = new Map(view.requests.map((request) => [request.contact, []]));
  const others = [];
  for (const line of view.lines) (carried.get(line.contact) ?? others).push(line);
  const rows = view.requests.filter((request) => carried.get(request.contact).length).flatMap((request) =>
    [carrier(request), ...carried.get(request.contact).map((line) => row(line, view.requested))]);
  return table(COLUMNS, [...rows, ...others.map((line) => row(line, view.requested))], "No lines yet: the plan has not been verified.");
}

function carrier(request) {
  return el("tr.carrier", {}, el("td", { colspan: COLUMNS.length },
    badge(CHANNELS[request.channel] ?? request.channel),
    el("span", {}, ` to ${request.payer} `),
    el("time.faint", { datetime: request.sent_at }, moment(request.sent_at)),
    request.trace ? el("span.faint", {}, " · trace ", el("code", {}, request.trace)) : null,
    " · ", cameOf(request)));
}

function cameOf(request) {
  if (request.withdrawn) return el("span.faint", {}, "withdrawn: no answer is waited for");
  if (!request.decided_at) return running(request.clock);
  const late = request.clock.phase === "missed";
  return el("span", {}, `decided ${moment(request.decided_at)}`, late ? el("span.late", {}, ", too late") : null,
    request.clock.rule ? el("span.faint", {}, ` by ${ruled(request.clock)}`) : null);
}

/** `due in 3 h by Part B drug (42 CFR 422.568)`, and what stood still or was added. */
export function running(clock) {
  if (!clock?.rule) return el("span.faint", {}, "no rule sets a time");
  return el("span", {}, clock.due_at ? due(clock.due_at) : "due", el("span.faint", {}, ` by ${ruled(clock)}`),
    clock.paused_since ? [" ", el("span.badge.warn", {}, `paused since ${moment(clock.paused_since)}`)] : null,
    clock.extended_at ? [" ", el("span.badge.warn", {}, `extended on ${moment(clock.extended_at)}`)] : null);
}

function ruled(clock) {
  return clock.citation ? `${clock.rule} (${clock.citation})` : clock.rule;
}

/** The lines that a work item is about, as far as it tells of them. */
export function inQuestion(lines) {
  const differs = (line) => (line.authorized_units == null || line.authorized_units === line.units ? [] : ["units"]);
  if (!lines.length) return null;
  return table(COLUMNS.slice(0, -1), lines.map((line) => el("tr", {}, cells({ ...line, differs: differs(line) }))));
}

function row(line, requested) {
  return el("tr", {}, cells(line, requested),
    el("td", {}, line.answered_at ? el("time", { datetime: line.answered_at }, moment(line.answered_at)) : "—"));
}

function cells(line, requested) {
  const asked = [`${line.units} units`, requested ? days(requested.first, requested.last) : null];
  const given = [
    ["units", line.authorized_units == null ? null : `${line.authorized_units} units`],
    ["period", line.valid_from || line.valid_to ? days(line.valid_from, line.valid_to) : null],
  ].filter(([, value]) => value);
  return [
    el("td.faint", {}, String(line.sequence)),
    el("td", {}, el("code", {}, line.code), ` ${words(line.kind)}`),
    el("td", {}, stateBadge(line.state), line.reason_code ? el("span.faint", {}, ` ${line.reason_code}`) : null),
    el("td", {}, asked.filter(Boolean).map((value) => el("div.days", {}, value))),
    el("td", {}, given.length ? given.map(([name, value]) => el("div.days", {},
      line.differs.includes(name) ? el("mark", { title: "not what was asked for" }, "≠ ", value) : value)) : "—"),
    el("td", {}, line.number ?? "—"),
  ];
}

function days(first, last) {
  return `${first ?? "…"} – ${last ?? "…"}`;
}
