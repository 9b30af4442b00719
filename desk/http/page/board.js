// The board: referrals by stage, each with what it waits for and since when.

import { get } from "./api.js";
import { badge, due, el, moment, shortId, since, stateBadge, words } from "./elements.js";

const STAGES = ["intake", "verification", "authorization", "preparation", "scheduled", "first_visit", "on_service", "closed"];
const MOST = 200;

export function board(query) {
  const q = query.get("q") ?? "";
  return { title: "Referrals", every: q ? 0 : 5000, render: () => (q ? found(q) : columns()) };
}

async function columns() {
  const page = await get("/api/referrals", { limit: MOST });
  const byStage = Map.groupBy(page.items, (referral) => referral.stage);
  return [
    el("div.heading", {},
      el("h1", {}, "Referrals"),
      el("span.faint", {}, summary(page))),
    el("div.board", {}, STAGES.map((stage) => column(stage, byStage.get(stage) ?? []))),
  ];
}

function summary(page) {
  const late = page.items.filter((referral) => referral.next_due && new Date(referral.next_due) < Date.now()).length;
  const count = `${page.items.length}${page.cursor ? " newest" : ""}`;
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

async function found(q) {
  const { items } = await get("/api/referrals", { q });
  if (items.length === 1) {
    location.replace(`#/referrals/${items[0].id}`);
    return [];
  }
  return [
    el("div.heading", {}, el("h1", {}, "Found"), el("span.faint", {}, `${items.length} for “${q}”`)),
    items.length
      ? el("div.found", {}, items.map((referral) => el("div", {}, card(referral), el("p.faint.small", {}, `received ${moment(referral.created_at)}, ${words(referral.stage)}`))))
      : el("p.empty", {}, "Nothing has this id or number. People cannot be searched for by name."),
  ];
}
