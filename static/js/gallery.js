// The wall: the size slider, clips that play under the pointer, stars in place, and the viewer opened over the wall.
import { openViewer } from "./viewer.js";

const YEAR = 31536000;
const find = (selector) => document.querySelector(selector);

function welcome(root) {
  for (const shot of root.querySelectorAll(".shot:not([data-seen])")) {
    shot.dataset.seen = "";
    if (shot.complete) continue;
    shot.classList.add("is-coming");
    const arrive = () => shot.classList.remove("is-coming");
    shot.addEventListener("load", arrive, { once: true });
    shot.addEventListener("error", arrive, { once: true });
  }
  for (const slider of root.querySelectorAll(".density[hidden]")) slider.hidden = false;
}

// A page may end within a day: the tiles of the next one belong to the same rows.
function joinDays() {
  for (const rest of document.querySelectorAll(".day-on")) {
    const before = rest.previousElementSibling;
    if (before?.dataset.day !== rest.dataset.day) continue;
    before.querySelector(".wall").append(...rest.querySelector(".wall").children);
    rest.remove();
  }
}

// Where one is stands in the address, so that coming back, or a reload, leads to the same picture.
let timer = 0;
const address = (id) => {
  const url = new URL(location.href);
  url.searchParams.delete("at");
  if (id) url.searchParams.set("at", id);
  return url;
};

function noteWhere() {
  if (find("#viewer")?.open || !location.pathname.endsWith("/gallery/")) return;
  const isTop = scrollY < innerHeight / 2 && !find(".newer");
  const tile = isTop ? null : [...document.querySelectorAll(".tile")].find((each) => each.getBoundingClientRect().bottom > 96);
  history.replaceState(history.state, "", address(tile?.dataset.result));
}

addEventListener("scroll", () => {
  clearTimeout(timer);
  timer = setTimeout(noteWhere, 250);
}, { passive: true });

function comeBack() {
  const id = new URL(location.href).searchParams.get("at");
  if (!id) return;
  history.scrollRestoration = "manual";
  find(`.tile[data-result="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "start" });
}

// What is put in above moves everything down: the page is moved along, so that nothing seems to move.
let below = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  below = event.detail.target.classList?.contains("newer") ? document.documentElement.scrollHeight - scrollY : null;
});

document.addEventListener("htmx:afterSettle", () => {
  joinDays();
  welcome(document);
  if (below !== null) scrollTo(0, document.documentElement.scrollHeight - below);
  below = null;
});

document.addEventListener("input", (event) => {
  if (event.target.name !== "density") return;
  const wall = find("#wall");
  wall.className = wall.className.replace(/density-\d/, `density-${event.target.value}`);
  document.cookie = `density=${event.target.value}; path=/gallery/; max-age=${YEAR}; samesite=lax`;
});

function play(link) {
  if (link.querySelector("video")) return;
  const clip = Object.assign(document.createElement("video"), {
    src: link.dataset.clip, muted: true, loop: true, playsInline: true, disablePictureInPicture: true, tabIndex: -1,
  });
  clip.setAttribute("aria-hidden", "true");
  link.querySelector(".plate").before(clip);
  clip.play().catch(() => clip.remove());
}

function wire(start, stop) {
  document.addEventListener(start, (event) => {
    const link = event.target.closest?.("[data-clip]");
    if (link && !matchMedia("(prefers-reduced-motion: reduce)").matches) play(link);
  });
  document.addEventListener(stop, (event) => {
    const link = event.target.closest?.("[data-clip]");
    if (link && !link.contains(event.relatedTarget)) link.querySelector("video")?.remove();
  });
}
wire("pointerover", "pointerout");
wire("focusin", "focusout");

document.addEventListener("click", async (event) => {
  const star = event.target.closest(".tile-star");
  if (star) {
    event.preventDefault();
    const body = new FormData(find("#star"));
    body.set("starred", star.value);
    const answer = await fetch(star.formAction, { method: "POST", body, headers: { "HX-Request": "true" } });
    if (answer.ok) markStar(star, star.value === "1");
    return;
  }
  const link = event.target.closest(".tile a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  openViewer(find("#viewer"), link.href);
});

function markStar(button, starred) {
  button.setAttribute("aria-pressed", String(starred));
  button.value = starred ? "0" : "1";
}

// The viewer tells of stars it changed and of the result it was left on.
document.addEventListener("viewer:star", (event) => {
  const button = find(`[data-result="${event.detail.id}"] .tile-star`);
  if (button) markStar(button, event.detail.starred);
});
document.addEventListener("viewer:left", (event) => {
  const link = find(`[data-result="${event.detail.id}"] a`);
  link?.focus({ preventScroll: true });
  link?.scrollIntoView({ block: "nearest" });
});
// The filter desk lies over the page, which makes room as high as the desk is.
const desk = new ResizeObserver(([each]) => document.body.style.setProperty("--desk", `${Math.ceil(each.borderBoxSize[0].blockSize)}px`));
function watchDesk() {
  desk.disconnect();
  if (find("#facet-desk")) desk.observe(find("#facet-desk"));
}
document.addEventListener("htmx:afterSettle", watchDesk);
watchDesk();
comeBack();

welcome(document);
