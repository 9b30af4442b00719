// The pages work without this. It says when the machine is offline and sends nothing then; on a list of work it has keys.
"use strict";

const offline = document.getElementById("offline");

function show() {
  offline.hidden = navigator.onLine;
}

addEventListener("online", show);
addEventListener("offline", show);
document.addEventListener("submit", (event) => {
  if (!navigator.onLine) {
    event.preventDefault();
    show();
    offline.scrollIntoView();
  }
});
show();

const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const help = document.getElementById("keys");

function rows() {
  return [...document.querySelectorAll("table.work tbody tr")];
}

/** The row that has the focus, or undefined. */
function current() {
  return document.activeElement.closest("table.work tbody tr") ?? undefined;
}

function link(row) {
  return row.querySelector("th a");
}

/** The focus goes to the link of the next row, or of the one before; at an end it stays. */
function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.indexOf(current());
  const next = at === -1 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1);
  link(all[next]).focus();
}

/** The form for several items, open at the name of the person, with the row's item chosen. */
function assign() {
  const box = current()?.querySelector("input[name=items]");
  const acts = document.getElementById("acts");
  if (!box || !acts) return;
  box.checked = true;
  acts.open = true;
  acts.querySelector("input[name=act][value=assign]").checked = true;
  acts.querySelector("input[name=assignee]").focus();
}

const keys = {
  "/": () => document.querySelector("form.search input[name=q]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  a: assign,
  "?": () => help.showModal(),
};

/** Enter in a checkbox would send the form. */
function opens(event) {
  return event.key === "Enter" && event.target.matches("table.work input[type=checkbox]");
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (opens(event)) {
    event.preventDefault();
    link(current()).click();
    return;
  }
  if (event.target.matches(TYPED) || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
}

if (help) addEventListener("keydown", pressed);
