// Keeps the page up to date: loads it again when the server's count of changes has grown, and replaces only what has
// changed, so that opened stays and the keyboard's focus stay as they are.
"use strict";

const ASK_MS = 1000;
const connection = document.getElementById("connection");
const announcement = document.getElementById("announcement");
const sources = new WeakMap(); // the HTML of each part as the server sent it
let shown = Number(document.body.dataset.changes);

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function remember(part) {
  sources.set(part, part.outerHTML);
}

function takeOut(part) {
  const active = document.activeElement;
  const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
  const state = { open, focused: part.contains(active), focus: active?.id };
  part.remove();
  return state;
}

function restore(part, state) {
  for (const details of part.querySelectorAll("details")) details.open = state.open.includes(details.id);
  if (!state.focused) return;
  const found = document.getElementById(state.focus) ?? part.querySelector("details[open] button");
  (found ?? part.querySelector("summary"))?.focus();
}

// Unchanged parts keep their order among each other: only a changed stay moves up.
function merge(container, fresh) {
  const taken = new Map();
  for (const part of [...container.children]) {
    const same = [...fresh.children].some((each) => each.id === part.id && each.outerHTML === sources.get(part));
    if (!same) taken.set(part.id, takeOut(part));
  }
  let place = container.firstElementChild;
  for (const part of [...fresh.children]) {
    if (place !== null && place.id === part.id) {
      place = place.nextElementSibling;
    } else {
      container.insertBefore(part, place);
      remember(part);
      if (taken.has(part.id)) restore(part, taken.get(part.id));
    }
  }
}

function show(fresh) {
  const changes = Number(fresh.body.dataset.changes);
  if (changes < shown) return;
  shown = changes;
  for (const container of document.querySelectorAll("[data-live]")) {
    merge(container, fresh.getElementById(container.id));
  }
  const newest = document.getElementById("newest");
  const news = fresh.getElementById("newest");
  if (news.dataset.id !== newest.dataset.id || news.textContent !== newest.textContent) {
    newest.replaceWith(news);
    announcement.textContent = news.textContent;
  }
}

async function get(address, options) {
  const answer = await fetch(address, { cache: "no-store", ...options });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.text();
}

async function load(address, options) {
  show(new DOMParser().parseFromString(await get(address, options), "text/html"));
}

async function watch() {
  try {
    if (Number(await get(`${document.body.dataset.address}/changes`)) !== shown) await load(location.href);
    say(connection, connection.dataset.live);
  } catch {
    say(connection, connection.dataset.lost);
  }
  setTimeout(watch, ASK_MS);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form, event.submitter));
  load(form.action, { method: "POST", body }).catch(() => say(connection, connection.dataset.lost));
});

document.querySelectorAll("[data-live] > *").forEach(remember);
watch();
