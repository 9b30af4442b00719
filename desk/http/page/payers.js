// How long payers take against their clocks: a table with bars, for a stretch of days.

import { download, get } from "./api.js";
import { el, moment, notify, table } from "./elements.js";

const REPORT = "/api/reports/payers";
const PARTS = [["in_time", "in time"], ["late", "late"], ["overdue", "overdue"], ["open", "open"], ["withdrawn", "withdrawn"]];
const KEYS = [...PARTS, ["median", "half of the decisions"], ["most", "nine of ten"], ["allowed", "what the rule allows"]];

export function payers(query) {
  const days = { since: query.get("since") ?? "", until: query.get("until") ?? "" };
  return { title: "Payers", every: 0, render: () => report(days) };
}

async function report(days) {
  const heading = (about) => el("div.heading", {}, el("h1", {}, "Payers"), el("span.faint", {}, about));
  const answer = await get(REPORT, days).catch((refusal) => refusal);
  if (answer instanceof Error) return [heading(""), period(days), el("p.empty.bad", { role: "alert" }, answer.message)];
  // Who keeps us waiting comes first.
  const rows = [...answer.payers].sort((one, other) => other.overdue - one.overdue);
  return [
    heading(`requests of ${answer.since} to ${answer.until}, as of ${moment(answer.as_of)}`),
    period(answer),
    el("p.legend.small", {}, KEYS.map(([name, caption]) => el("span", {}, el(`span.key.${name}`), caption))),
    table(["Payer", "Rule", "Requests", "In time", "Approved at first answer", "Time to the decision", "Worst breach"],
      rows.map(row), "No payer was asked in these days under a rule that sets a time."),
  ];
}

function period({ since, until }) {
  const go = (changes) => { location.hash = `#/payers?${new URLSearchParams({ since, until, ...changes })}`; };
  const day = (name, caption, value) => el("label.inline", {}, el("span.caption", {}, caption),
    el("input", { type: "date", value, "aria-label": caption, change: (event) => { if (event.target.value >= "2000") go({ [name]: event.target.value }); } }));
  const path = `${REPORT}?${new URLSearchParams({ since, until, format: "csv" })}`;
  const save = (event) => {
    event.preventDefault();
    download(path, `payers-${since}-${until}.csv`).catch((refusal) => notify(refusal.message, "bad"));
  };
  return el("div.filters", {}, day("since", "From", since), day("until", "To", until), el("a", { href: path, click: save }, "CSV"));
}

function row(payer) {
  return el("tr", {},
    el("td", {}, payer.payer),
    el("td", {}, payer.rule),
    el("td", {}, requests(payer)),
    el("td", {}, share(payer.in_time_share)),
    el("td", {}, share(payer.approved_first_share)),
    el("td", {}, hours(payer)),
    el(payer.overdue ? "td.late" : "td", {}, payer.worst_breach_hours == null ? "—" : span(payer.worst_breach_hours)));
}

/** How its requests went, as parts of one bar. What is open and overdue is red. */
function requests(payer) {
  const counts = { ...payer, open: payer.open - payer.overdue };
  const parts = PARTS.filter(([name]) => counts[name]);
  return el("div", {},
    el("div.bar", { role: "img", "aria-label": said(parts, counts) },
      parts.map(([name]) => wide(el(`span.part.${name}`), counts[name] / payer.requests))),
    el("div.small", {}, parts.map(([name, caption], index) => [
      index ? " · " : null, el(name === "overdue" ? "span.late" : "span.faint", {}, `${counts[name]}\u00a0${caption}`)]).flat()));
}

function said(parts, counts) {
  return parts.map(([name, caption]) => `${counts[name]} ${caption}`).join(", ");
}

/** The median and nine of ten requests against what the rule allows, which is the mark. */
function hours(payer) {
  if (payer.median_hours == null) return el("span.faint", {}, payer.allowed_hours == null ? "—" : `none decided of ${span(payer.allowed_hours)}`);
  const whole = Math.max(payer.allowed_hours, payer.p90_hours) || 1;
  const text = `${span(payer.median_hours)}, nine of ten in ${span(payer.p90_hours)}, allowed ${span(payer.allowed_hours)}`;
  const late = payer.p90_hours > payer.allowed_hours;
  return el("div", {},
    el("div.bar.time", { role: "img", "aria-label": text },
      wide(el(late ? "span.most.late" : "span.most"), payer.p90_hours / whole),
      wide(el("span.median"), payer.median_hours / whole),
      at(el("span.allowed"), payer.allowed_hours / whole)),
    el("div.small.faint", {}, text));
}

function wide(node, part) {
  node.style.width = `${(100 * part).toFixed(2)}%`;
  return node;
}

function at(node, part) {
  node.style.left = `${(100 * part).toFixed(2)}%`;
  return node;
}

function share(part) {
  return part == null ? "—" : `${Math.round(100 * part)}\u00a0%`;
}

function span(hours) {
  if (hours < 1) return `${Math.round(60 * hours)}\u00a0min`;
  return hours < 48 ? `${Math.round(hours)}\u00a0h` : `${(hours / 24).toFixed(1)}\u00a0d`;
}
