// Keeps the page up to date: loads it again when the server's count of changes has grown, and replaces the parts that
// have changed. What is opened stays open, and the keyboard's focus stays where it is.
"use strict";

const ASK_MS = 1000;
const { address } = document.body.dataset;
const connection = document.getElementById("connection");
let shown = Number(document.body.dataset.changes);
let parts = partsOf(document); // the HTML of each part as the server sent it

function partsOf(page) {
  return new Map([...page.querySelectorAll(".part")].map((part) => [part.id, part.innerHTML]));
}

function show(fresh) {
  const changes = Number(fresh.body.dataset.changes);
  if (changes < shown) return;
  const freshParts = partsOf(fresh);
  for (const [id, html] of freshParts) {
    if (html !== parts.get(id)) replace(document.getElementById(id), fresh.getElementById(id));
  }
  [shown, parts] = [changes, freshParts];
}

function replace(part, fresh) {
  const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const row = focused?.closest("details")?.id;
  part.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  // The button that turned a fault on is gone; the one that turns it off is in its place.
  const place = document.getElementById(focused?.id) ?? document.getElementById(row)?.querySelector("button");
  place?.focus();
}

async function get(url, options) {
  const answer = await fetch(url, { cache: "no-store", ...options });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.text();
}

async function load(url, options) {
  show(new DOMParser().parseFromString(await get(url, options), "text/html"));
}

function say(text) {
  if (connection.textContent !== text) connection.textContent = text;
}

async function watch() {
  try {
    if (Number(await get(`${address}/changes`)) !== shown) await load(address);
    say(connection.dataset.live);
  } catch {
    say(connection.dataset.lost);
  }
  setTimeout(watch, ASK_MS);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  load(form.action, { method: "POST", body }).catch(() => say(connection.dataset.lost));
});

watch();
