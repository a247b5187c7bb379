// The viewer, as a page of its own or in a dialog over the wall: walking, keys, stars, copying. Zoom is in zoom.js.
import { begin, end } from "./site.js";
import { watchZoom } from "./zoom.js";

let dialog = null;
const BARE = "viewer-bare";
const root = () => (dialog?.open ? dialog : document).querySelector("[data-viewer]");
const part = (selector) => root()?.querySelector(selector);
const currentId = () => root()?.dataset.address.split("/")[2];

async function load(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!answer.ok || answer.redirected) return location.assign(address);
  return answer.text();
}

async function show(address) {
  const holder = dialog?.open ? dialog : root().parentElement;
  const html = await load(address);
  if (html === undefined) return;
  const focused = holder.contains(document.activeElement) ? kindOf(document.activeElement) : "";
  root()?.remove();
  holder.insertAdjacentHTML("beforeend", html);
  history.replaceState(history.state, "", address);
  dress();
  if (focused) part(focused)?.focus();
}

const kindOf = (element) =>
  ["data-newer", "data-older", "data-info", "data-zoom"].filter((name) => element.hasAttribute(name)).map((name) => `[${name}]`)[0];

function dress() {
  const viewer = root();
  document.title = `${viewer.dataset.title} · ${document.title.split(" · ").pop()}`;
  for (const button of viewer.querySelectorAll("[data-copy], [data-info], [data-zoom]")) button.hidden = false;
  setDrawer(!matchMedia("(max-width: 860px)").matches && sessionStorage.getItem(BARE) !== "1");
  watchZoom(viewer);
  clearHaze(viewer.querySelector("[data-picture]"));
  const strip = viewer.querySelector(".strip");
  const here = strip.querySelector("[aria-current]");
  if (here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.clientWidth) / 2;
  for (const step of viewer.querySelectorAll("[data-preload]")) new Image().src = step.dataset.preload;
}

// The placeholder's shape is rounded to whole pixels of sixteen: behind the picture its edges would show.
function clearHaze(picture) {
  const clear = () => picture.parentElement.querySelector(".haze")?.remove();
  if (picture?.complete) clear();
  else picture?.addEventListener("load", clear, { once: true });
}

function setDrawer(open) {
  root().classList.toggle("is-bare", !open);
  part("[data-info]").setAttribute("aria-expanded", String(open));
}

export async function openViewer(target, address, isNew = true) {
  dialog = target;
  const html = await load(address);
  if (html === undefined) return;
  dialog.dataset.title = document.title;
  dialog.innerHTML = html;
  if (isNew) history.pushState({ viewer: true }, "", address);
  dialog.showModal();
  dress();
}

// Closing always goes through history, so that the back button and Escape end in the same place.
function close() {
  if (dialog?.open) history.back();
  else location.assign(part("[data-close]").href);
}

addEventListener("popstate", (event) => {
  if (dialog && !dialog.open && event.state?.viewer) openViewer(dialog, location.href, false);
  if (!dialog?.open) return;
  const id = currentId();
  document.title = dialog.dataset.title;
  dialog.close();
  dialog.replaceChildren();
  document.dispatchEvent(new CustomEvent("viewer:left", { detail: { id } }));
});

async function toggleStar(button) {
  const form = button.form;
  const body = new FormData(form, button);
  const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const starred = button.value === "1";
  button.setAttribute("aria-pressed", String(starred));
  button.value = starred ? "0" : "1";
  document.dispatchEvent(new CustomEvent("viewer:star", { detail: { id: currentId(), starred } }));
}

async function rate(button) {
  const body = new FormData(button.form, button);
  const answer = await fetch(button.form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const given = Number(button.value);
  for (const star of button.form.querySelectorAll("[name=rating]")) {
    const number = Number(star.dataset.stars);
    star.setAttribute("aria-pressed", String(number <= given));
    // Pressing the highest one again takes the rating away.
    star.value = number === given ? "0" : String(number);
  }
}

async function copy(button) {
  const words = button.querySelector("span");
  const before = (words.dataset.before ??= words.textContent);
  await navigator.clipboard.writeText(button.dataset.copy);
  words.textContent = "Copied";
  setTimeout(() => (words.textContent = before), 1500);
}

// Follow-ups from the viewer keep the viewer: the new card waits in the studio.
async function followUp(button) {
  begin(button.form, button.value);
  const body = new FormData(button.form, button);
  const answer = await fetch(button.form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  const refused = answer.status === 204 && answer.headers.get("HX-Trigger");
  if (answer.ok) end(button.form);
  if (answer.redirected) location.assign(answer.url);
  else if (refused) tell(JSON.parse(refused).toast);
  else tell(answer.ok ? `${button.textContent.trim()} is queued. It appears in the studio.` : "That could not be queued just now.");
}

function tell(value) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { value } }));
}

const ACTS = [
  ["[data-follow] button", followUp],
  ["[data-close]", close],
  ["[data-info]", toggleDrawer],
  ["[data-copy]", copy],
  [".star", toggleStar],
  [".rate button", rate],
  ["[data-newer], [data-older], .strip a, .kin a", (link) => show(link.href)],
];

function toggleDrawer() {
  const open = root().classList.contains("is-bare");
  setDrawer(open);
  sessionStorage.setItem(BARE, open ? "0" : "1");
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-viewer]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  for (const [selector, act] of ACTS) {
    const element = event.target.closest(selector);
    if (!element) continue;
    event.preventDefault();
    act(element);
    return;
  }
});

const KEYS = {
  ArrowLeft: "[data-newer]", ArrowRight: "[data-older]", s: ".star", d: "[data-download]", u: "[data-follow] [value=upscale]", v: "[data-follow] [value=vary]", a: "[data-animate]", r: "[data-use]", c: "[data-beside]", i: "[data-info]", ...Object.fromEntries([1, 2, 3, 4, 5].map((stars) => [stars, `.rate [data-stars="${stars}"]`])), Escape: "[data-close]",
};

document.addEventListener("keydown", (event) => {
  if (!root() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, video") && event.key !== "Escape") return;
  const target = KEYS[event.key] && part(KEYS[event.key]);
  if (!target) return;
  event.preventDefault();
  target.click();
});

document.addEventListener("cancel", (event) => {
  if (event.target === dialog) event.preventDefault();
}, true);

if (root()) dress();
