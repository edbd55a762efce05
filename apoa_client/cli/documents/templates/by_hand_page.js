// Exchanges the token of the address for a cookie, copies one value after the other, and shows the next report.
"use strict";

const LOOK_MS = 5000;

function end() {
  document.querySelector("main").replaceWith(document.getElementById("ended").content.cloneNode(true));
}

async function ask(path, options) {
  const answer = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer;
}

async function enter() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  const answer = await ask("/enter", { method: "POST", body: token });
  location.replace(await answer.text());
}

function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  scrollTo(0, 0);
  begin();
}

function begin() {
  (document.querySelector("[data-first]") ?? document.querySelector("[data-next]") ?? document.getElementById("number"))?.focus();
}

function next(button) {
  const buttons = [...document.querySelectorAll("[data-next]")];
  return buttons[buttons.indexOf(button) + 1] ?? document.getElementById("number");
}

async function copy(button) {
  const row = button.closest("li");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    getSelection().selectAllChildren(row.querySelector("bdi"));
    say(document.getElementById("copied").dataset.byKeys);
    return;
  }
  document.querySelector(".just-copied")?.classList.remove("just-copied");
  row.classList.add("copied", "just-copied");
  button.textContent = `✓ ${button.dataset.copied}`;
  say(`${button.dataset.copied}: ${row.querySelector(".label").textContent}`);
  if ("next" in button.dataset) next(button).focus();
  ask("used", { method: "POST" }).catch(end);
}

function say(text) {
  const element = document.getElementById("copied");
  element.textContent = text;
  element.classList.toggle("hidden", text !== element.dataset.byKeys);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button !== null) copy(button);
});

// A click beside the buttons takes the focus away from them.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target !== document.body) return;
  document.querySelector("li:not(.copied) > [data-next]")?.click();
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  ask("number", { method: "POST", body }).then((answer) => answer.text()).then(show, end);
});

// Nothing of a guest stays on the screen when the command has ended.
async function look() {
  if (document.querySelector("[data-ended]") !== null) return;
  try {
    await ask("alive");
    setTimeout(look, LOOK_MS);
  } catch {
    end();
  }
}

if (location.pathname !== "/") {
  begin();
  look();
} else if (location.hash.length > 1) {
  enter().catch(end);
}
