// What payers said, in their own words beside what those mean.

import { el, moment, words } from "./elements.js";

/** Each remark: what it means, the payer's text, and its codes with the element that said it. */
export function remarks(said) {
  if (!said?.length) return null;
  return el("section", { "aria-label": "The payer says" }, el("h3", {}, "The payer says"),
    el("ul.plain", {}, said.map((one) => el("li", {},
      el("strong", {}, sentence(one.meaning)), one.line == null ? null : el("span.faint", {}, ` · line ${one.line}`),
      one.text ? el("blockquote", {}, one.text) : null,
      el("div.faint.small", {}, told(one).join(" · "))))));
}

/** The documents that the payer asks for, by name; a code that we have no name for stands alone. */
export function wantedDocuments(documents) {
  if (!documents?.length) return null;
  return el("section", { "aria-label": "The payer wants to see" }, el("h3", {}, "The payer wants to see"),
    el("ul", {}, documents.map((one) => el("li", {},
      one.words ? el("strong", {}, one.words) : null, el("span.faint", {}, ` ${one.code}`)))));
}

function told(one) {
  return [
    `${one.where}${one.code ? ` ${one.code}` : ""}`,
    one.follow_up ? `follow-up ${one.follow_up}` : null,
    one.about.length ? `about ${one.about.join(", ")}` : null,
    one.number ? `number ${one.number}` : null,
    one.quantity == null ? null : `${one.quantity} ${words(one.unit ?? "")}`.trim(),
    one.amount == null ? null : `$${one.amount}`,
    one.starts_on || one.ends_on ? `${one.starts_on ?? "…"} – ${one.ends_on ?? "…"}` : null,
    moment(one.at),
  ].filter(Boolean);
}

function sentence(meaning) {
  return meaning.charAt(0).toUpperCase() + meaning.slice(1);
}
