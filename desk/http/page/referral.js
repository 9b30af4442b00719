// One referral: where it stands, what keeps it, its lines, its people, and everything that happened.

import { get, post } from "./api.js";
import { lines, running } from "./authorization.js";
import { documents, questions } from "./documents.js";
import { badge, due, el, moment, notify, outcome, since, stateBadge, words } from "./elements.js";
import { remarks } from "./remarks.js";
import { said } from "./worklist.js";

const STEPS = ["intake", "verification", "authorization", "preparation", "scheduled", "first_visit", "on_service"];
const GATES = ["authorization"];
const HOLD_REASONS = ["hospitalized", "patient_away", "patient_request", "prescriber_request", "supply", "other"];
const OVERRIDE_REASONS = ["discharge_today", "continuity_of_care", "emergency", "other"];
const ENDINGS = ["withdrawn", "transferred", "deceased", "duplicate", "patient_declined", "unable_to_reach", "not_covered", "denied_final", "clinically_inappropriate", "expired"];

export function referral(id, me) {
  return { title: "Referral", every: 0, render: () => one(id, me) };
}

async function one(id, me) {
  const path = `/api/referrals/${encodeURIComponent(id)}`;
  const [view, why, timeline] = await Promise.all([get(path), get(`${path}/why`), get(`${path}/timeline`)]);
  const { standing } = view;
  const listed = view.facts ? await get(`${path}/documents`) : [];
  const steering = me.roles.some((role) => role !== "auditor") && standing.stage !== "closed";
  return [
    el("div.heading", {},
      el("h1", {}, standing.outline.therapy ? words(standing.outline.therapy) : "Referral"),
      stateBadge(standing.outline.urgency),
      standing.on_hold ? badge("on hold", "warn") : null,
      standing.closing ? badge(standing.closing) : null,
      el("code.faint", {}, standing.id)),
    progress(standing.stage),
    standingStill(why),
    el("div.split", {},
      el("section.card", {}, el("h2", {}, "What keeps it"), keeping(why, standing)),
      el("section.card", {}, el("h2", {}, "Patient and order"), people(view.facts, standing))),
    view.facts ? el("section.card", {}, el("h2", {}, "Documents"), documents(path, listed), questions(view.questions)) : null,
    el("section.card", {}, el("h2", {}, "Authorization, line by line"), lines(view), remarks(view.remarks)),
    steering ? steer(path, standing, me) : null,
    el("section.card", {}, el("h2", {}, "What happened"), history(timeline)),
  ].filter(Boolean);
}

function progress(stage) {
  const now = STEPS.indexOf(stage);
  return el("ol.progress", {}, STEPS.map((step, index) =>
    el(`li${stage === "closed" ? "" : index < now ? ".past" : index === now ? ".now" : ""}`,
      index === now ? { "aria-current": "step" } : {}, words(step))));
}

/** What no person is waited for and does not mend itself, with what an operator does about it. */
function standingStill(why) {
  const away = why.temporal === "ok" ? [] : [el("p", {}, badge("Temporal does not answer", "warn"))];
  const stalls = why.stalls.map((stall) => el("div", {},
    el("p", {}, badge("stands still", "bad"), " ", stall.meaning),
    el("p.faint.small", {}, said([stall.what, stall.problem, stall.attempts ? `tried ${stall.attempts} times` : null].filter(Boolean)), " ", since(stall.since)),
    el("p.small", {}, stall.action)));
  return away.length + stalls.length ? el("section.card", { role: "alert" }, [...away, ...stalls]) : null;
}

function keeping(why, standing) {
  if (why.stage === "closed") return el("p.empty", {}, "Nothing: the referral is closed.");
  const gates = why.closed_gates.map((gate) => el("li.gate", {}, words(gate)));
  const missing = Object.entries(why.missing).map(([step, paths]) =>
    el("li", {}, el("span.faint", {}, `missing for ${step}: `), paths.join(", ")));
  const work = why.work_items.map((blocker) => el("li", {},
    el("a", { href: `#/items/${encodeURIComponent(blocker.item)}` }, words(blocker.kind)),
    el("span.faint", {}, ` · ${words(blocker.role)} · ${blocker.assignee ?? "nobody yet"} · `), due(blocker.due_at),
    blocker.escalates_at ? el("span.faint", {}, ` · escalates ${moment(blocker.escalates_at)}`) : null));
  const payers = why.payers.map((payer) => el("li", {}, `The payer ${payer.payer} has a request `, since(payer.since), " · ", running(payer.clock)));
  const all = [...gates, ...work, ...payers, ...missing];
  const others = why.waiting_for.length ? el("p.faint", {}, `Waits for ${why.waiting_for.map((who) => words(who).toLowerCase()).join(", ")}.`) : null;
  return el("div", {}, others, all.length ? el("ul.plain", {}, all) : el("p.empty", {}, "Nothing that a person could do: it moves by itself."));
}

function people(facts, standing) {
  if (!facts) return el("p.empty", {}, "The facts are not shown to your role, or they were shredded.");
  const { patient, order, prescriber, coverages } = facts;
  const told = [
    ["Patient", [patient.given_name, patient.family_name].filter(Boolean).join(" ")],
    ["Born", patient.birth_date],
    ["Phones", said(patient.phones)],
    ["Address", said([...(patient.address.line ?? []), patient.address.city, patient.address.state, patient.address.postal_code].filter(Boolean))],
    ["Order", order.medications.map(medication).join("; ")],
    ["Site", words(order.site)],
    ["Prescriber", [prescriber.name, prescriber.phone].filter(Boolean).join(", ")],
    ["Coverage", coverages.map((coverage) => [coverage.payer?.name ?? coverage.payer?.id, coverage.member_id].filter(Boolean).join(" · ")).join("; ")],
    ["Visit", moment(standing.visit_at)],
  ].filter(([, value]) => value && value !== "—");
  return el("dl", {}, told.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]).flat());
}

function medication({ drug, dose, route, frequency, duration }) {
  return [drug?.name, dose, route, frequency, duration ? `${duration.value} ${words(duration.unit)}` : null].filter(Boolean).join(", ");
}

function steer(path, standing, me) {
  const choose = (label, values) => el("select", { "aria-label": label, required: true },
    el("option", { value: "" }, label), values.map((value) => el("option", { value }, words(value))));
  const holdFor = choose("Reason", HOLD_REASONS), ending = choose("Reason", ENDINGS);
  const gate = choose("Gate", GATES), overrideFor = choose("Reason", OVERRIDE_REASONS);
  const approved = el("input", { "aria-label": "Override", placeholder: "id of the override", required: true, autocomplete: "off" });
  const rows = [
    standing.on_hold
      ? action("Resume", `${path}/resume`, [], () => ({}))
      : action("Hold", `${path}/hold`, [holdFor], () => ({ reason: holdFor.value })),
    me.roles.includes("supervisor") ? action("Ask for an override", `${path}/override`, [gate, overrideFor], () => ({ gate: gate.value, reason: overrideFor.value })) : null,
    me.roles.includes("supervisor") ? action("Approve an override", `${path}/approve`, [approved], () => ({ override_id: approved.value })) : null,
    action("Cancel the referral", `${path}/cancel`, [ending], () => ({ reason: ending.value }), true),
  ];
  return el("details.card", {}, el("summary", {}, "Steer"), el("div.steer", {}, rows.filter(Boolean)));
}

function action(caption, path, inputs, body, grave = false) {
  const button = el(grave ? "button.grave" : "button.quiet", {}, caption);
  const send = async (event) => {
    event.preventDefault();
    if (grave && !confirm(`${caption}?`)) return;
    button.disabled = true;
    try {
      notify(outcome(await post(path, body())), "good");
      dispatchEvent(new HashChangeEvent("hashchange"));
    } catch (refusal) { notify(refusal.message, "bad"); } finally { button.disabled = false; }
  };
  return el("form.inlineform", { submit: send }, inputs, button);
}

function history(timeline) {
  return el("ol.timeline", {}, [...timeline].reverse().map((entry) => el("li", {},
    el("time.faint", { datetime: entry.at }, moment(entry.at)),
    el("div", {},
      el("strong", {}, words(entry.what.replaceAll(".", ": "))),
      entry.actor ? el("span.faint", {}, ` ${entry.actor}`) : null,
      Object.keys(entry.details).length ? el("div.faint.small", {}, said(brief(entry.details))) : null,
      entry.note ? el("blockquote", {}, entry.note) : null))));
}

/** Of a clock, which is kept whole, only its rule and when it is due by that. */
function brief({ clock, ...details }) {
  return clock ? { ...details, clock: clock.rule, due: moment(clock.due_at) } : details;
}
