// The board: referrals by stage, each with what it waits for and since when.

import { rows } from "./api.js";
import { badge, due, el, moment, more, shortId, since, stateBadge, words } from "./elements.js";

const STAGES = ["intake", "verification", "authorization", "preparation", "scheduled", "first_visit", "on_service", "closed"];

export function board(query) {
  const q = query.get("q") ?? "";
  const most = Number(query.get("show")) || 200;
  return { title: "Referrals", every: q ? 0 : 5000, render: () => (q ? found(q, most) : columns(most)) };
}

async function columns(most) {
  const page = await rows("/api/referrals", {}, most);
  const byStage = Map.groupBy(page.items, (referral) => referral.stage);
  return [
    el("div.heading", {},
      el("h1", {}, "Referrals"),
      el("span.faint", {}, summary(page))),
    el("div.board", {}, STAGES.map((stage) => column(stage, byStage.get(stage) ?? []))),
    more(page, "#/board", {}, most),
  ].filter(Boolean);
}

function summary(page) {
  const late = page.items.filter((referral) => referral.next_due && new Date(referral.next_due) < Date.now()).length;
  const count = page.more ? `the ${page.items.length} newest` : `${page.items.length}`;
  return late ? `${count}, ${late} overdue` : `${count}, none overdue`;
}

function column(stage, referrals) {
  return el("section.column", { "aria-label": words(stage) },
    el("h2", {}, words(stage), el("span.count", {}, String(referrals.length))),
    referrals.map(card));
}

function card(referral) {
  const { outline } = referral;
  return el("a.card", { href: `#/referrals/${referral.id}` },
    el("strong", {}, outline.therapy ? words(outline.therapy) : "Therapy not known"),
    el("div.cardline.faint", {}, el("code", {}, shortId(referral.id)), el("span", {}, outline.payer_id ?? "no payer")),
    waiting(referral));
}

function waiting(referral) {
  if (referral.stage === "closed") return el("div.cardline", {}, badge(referral.closing ?? "closed"));
  return el("div.waits", {},
    referral.outline.urgency === "routine" ? null : stateBadge(referral.outline.urgency),
    referral.on_hold ? badge("on hold", "warn") : null,
    referral.waiting_for.map((who) => el("span.chip", {}, words(who))),
    el("div.cardline.small", {}, due(referral.next_due), since(referral.updated_at)));
}

async function found(q, most) {
  const page = await rows("/api/referrals", { q }, most);
  if (page.items.length === 1) {
    location.replace(`#/referrals/${page.items[0].id}`);
    return [];
  }
  return [
    el("div.heading", {}, el("h1", {}, "Found"), el("span.faint", {}, `${page.items.length}${page.more ? " and more" : ""} for “${q}”`)),
    page.items.length
      ? el("div.found", {}, page.items.map((referral) => el("div", {}, card(referral), el("p.faint.small", {}, `received ${moment(referral.created_at)}, ${words(referral.stage)}`))))
      : el("p.empty", {}, "Nothing has this id or number. People cannot be searched for by name."),
    more(page, "#/board", { q }, most),
  ].filter(Boolean);
}
