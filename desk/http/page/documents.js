// What the message leaves open, what may be the same order, and the documents, which can be saved.

import { download } from "./api.js";
import { el, moment, notify, words } from "./elements.js";

/** Each open question: the fact, why it is asked, and what the message says. */
export function questions(open) {
  if (!open?.length) return null;
  return el("section", { "aria-label": "Questions" }, el("h3", {}, "Questions"),
    el("ul.plain", {}, open.map((one) => el("li", {},
      el("strong", {}, words(one.fact)), " ", el("code.faint", {}, one.path),
      el("div.small", {}, one.meaning),
      one.values.map((value) => el("blockquote", {}, value))))));
}

/** This referral and another one. */
export function alike(both) {
  if (!both?.length) return null;
  return el("section", { "aria-label": "The same order?" }, el("h3", {}, "The same order?"),
    el("ul.plain", {}, both.map((one) => el("li", {},
      el("a", { href: `#/referrals/${one.referral_id}` }, one.number ?? one.referral_id), ` from ${one.source}`,
      el("div.small", {}, [one.drugs.join(", "), one.requested_start ? `start ${one.requested_start}` : null, words(one.stage), `received ${moment(one.received_at)}`].filter(Boolean).join(" · "))))));
}

export function documents(path, listed) {
  if (!listed.length) return el("p.empty", {}, "No documents.");
  return el("ul.plain", {}, listed.map((one) => el("li", {}, opened(path, one),
    el("span.faint", {}, ` ${[words(one.kind), one.content_type, one.size == null ? null : `${one.size} bytes`].filter(Boolean).join(" · ")}`))));
}

function opened(path, one) {
  const caption = one.title ?? `Document ${one.number}`;
  if (one.held === "nothing") return el("span", {}, `${caption} (nothing of it was sent)`);
  if (one.held === "address") return el("a", { href: one.url, target: "_blank", rel: "noopener noreferrer" }, caption);
  const save = async () => {
    try { await download(`${path}/documents/${one.number}`); } catch (refusal) { notify(refusal.message, "bad"); }
  };
  return el("button.quiet", { type: "button", click: save }, caption);
}
