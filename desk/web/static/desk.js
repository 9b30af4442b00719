// The pages work without this. It says when the machine is offline, and sends nothing then.
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
