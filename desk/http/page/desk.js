// The desk in a browser: sign in, find one's way, sign out.

import { get, session, watchIdleness } from "./api.js";
import { board } from "./board.js";
import { el, notify, words } from "./elements.js";
import { payers } from "./payers.js";
import { referral } from "./referral.js";
import { item, worklist } from "./worklist.js";

const main = document.querySelector("main");
const header = document.querySelector("header");
const ROUTES = [
  [/^#\/board(?:\?(.*))?$/, (query) => board(new URLSearchParams(query))],
  [/^#\/items(?:\?(.*))?$/, (query) => worklist(new URLSearchParams(query), me)],
  [/^#\/items\/([^/]+)$/, (id) => item(decodeURIComponent(id), me)],
  [/^#\/payers(?:\?(.*))?$/, (query) => payers(new URLSearchParams(query))],
  [/^#\/referrals\/([^/]+)$/, (id) => referral(decodeURIComponent(id), me)],
];

let me = { id: "", roles: [] };
let turn = 0;
let place;
let refreshing;

async function show() {
  clearInterval(refreshing);
  if (!session.token()) return signIn();
  const here = ++turn;
  const [page, argument] = route();
  const { title, render, every } = page(argument);
  document.title = `${title} · FirstDose`;
  for (const link of header.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", (location.hash || "#/board").startsWith(link.getAttribute("href")));
  }
  const paint = async () => {
    try {
      const content = await render();
      if (here === turn) put(content);
    } catch (refusal) {
      if (here === turn && session.token()) main.replaceChildren(el("p.empty.bad", { role: "alert" }, refusal.message));
    }
  };
  await paint();
  main.focus({ preventScroll: true });
  const [now] = location.hash.split("?");
  if (now !== place) scrollTo(0, 0);
  place = now;
  // A page with a form is never painted over.
  if (every && here === turn) refreshing = setInterval(() => { if (!document.hidden) paint(); }, every);
}

/** Paints only what changed, and leaves the reader where they are: scrolled to the side, or at a link. */
function put(content) {
  const old = [...main.children];
  if (content.length === old.length && content.every((node, index) => node.isEqualNode(old[index]))) return;
  const aside = () => [...main.querySelectorAll(".board, .scroll")];
  const scrolled = aside().map((node) => node.scrollLeft);
  const known = (node) => node.getAttribute("href") ?? node.getAttribute("aria-label") ?? node.textContent;
  const held = main.contains(document.activeElement) && document.activeElement !== main ? known(document.activeElement) : null;
  main.replaceChildren(...content);
  aside().forEach((node, index) => { node.scrollLeft = scrolled[index] ?? 0; });
  if (held) [...main.querySelectorAll("a, button, select, input")].find((node) => known(node) === held)?.focus({ preventScroll: true });
}

function route() {
  for (const [pattern, page] of ROUTES) {
    const match = pattern.exec(location.hash);
    if (match) return [page, match[1]];
  }
  return [ROUTES[0][1], ""];
}

function signIn(problem) {
  turn += 1;
  header.hidden = true;
  document.title = "Sign in · FirstDose";
  const token = el("textarea", { name: "token", rows: 4, required: true, spellcheck: "false", autocomplete: "off" });
  const form = el("form.card.signin", { submit: (event) => { event.preventDefault(); enter(token.value.trim()); } },
    el("h1", {}, "FirstDose desk"),
    el("p.faint", {}, "Paste a staff token. It stays in this tab, and is forgotten after 15 minutes without a touch."),
    el("label.field", {}, el("span.caption", {}, "Token"), token),
    problem ? el("p.bad", { role: "alert" }, problem) : null,
    el("button", {}, "Sign in"));
  main.replaceChildren(form);
  token.focus();
}

async function enter(token) {
  session.begin(token);
  try {
    me = await get("/api/whoami");
  } catch (refusal) {
    session.end();
    return signIn(refusal.message);
  }
  header.hidden = false;
  document.getElementById("who").textContent = me.roles.map(words).join(", ");
  await show();
}

function leave(problem) {
  session.end();
  me = { id: "", roles: [] };
  clearInterval(refreshing);
  signIn(problem);
}

document.getElementById("leave").addEventListener("click", () => leave());
document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = `#/board?q=${encodeURIComponent(event.target.q.value.trim())}`;
});
document.addEventListener("signed-out", () => leave("The token is no longer valid."));
addEventListener("hashchange", show);
watchIdleness(() => { leave("You were signed out after 15 minutes without a touch."); notify("Signed out."); });

if (session.token()) enter(session.token());
else signIn();
