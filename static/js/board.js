// The board: clocks that count, cards that arrive from elsewhere, clips that play under the hand, the title's count.
const rails = () => document.querySelectorAll(".clock[data-since]");
const title = document.title;
let unseen = 0;

function count() {
  for (const clock of rails()) {
    const seconds = Math.max(0, (Date.now() - Date.parse(clock.dataset.since)) / 1000);
    const low = Number(clock.dataset.low);
    const high = Number(clock.dataset.high);
    clock.querySelector("b").textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
    clock.querySelector(".gone").setAttribute("width", String(Math.min(1000, (1000 * seconds) / (2 * high))));
    if (seconds > high && low) clock.querySelector(".usual").textContent = "longer than usual; we keep asking";
  }
}

count();
setInterval(count, 1000);

// A card this page does not have yet (made in another tab or on another device) goes to the head of the board. So does one
// that answers a form whose own card was swapped meanwhile: htmx looks for the board from what is not on the page any more.
// What is there stays: an answer that comes so late may be older than what the board shows.
document.body.addEventListener("htmx:oobErrorNoTarget", (event) => {
  const { content } = event.detail;
  const board = document.getElementById("board");
  if (!board || !(content instanceof HTMLElement)) return;
  if ((new URLSearchParams(location.search).get("show") ?? "all") !== "all") return;
  for (const card of content.matches("article.card") ? [content] : content.querySelectorAll("article.card")) {
    if (document.getElementById(card.id)) continue;
    card.removeAttribute("hx-swap-oob");
    board.prepend(card);
    window.htmx.process(card);
  }
});

// The poll may have brought a new card before the answer to Generate does: it stands there once.
document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target?.id !== "board") return;
  for (const card of event.detail.fragment.querySelectorAll("article.card")) document.getElementById(card.id)?.remove();
});

document.body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const fresh = event.detail.fragment?.querySelector?.("article.card") ?? event.detail.fragment?.firstElementChild;
  const old = event.detail.target;
  if (!old?.id?.startsWith?.("task-")) return;
  const was = old.dataset.status;
  const now = fresh?.dataset?.status;
  if (was !== now && (now === "SUCCEEDED" || now === "FAILED")) {
    say(`${now === "SUCCEEDED" ? "Done" : "Failed"}: ${old.querySelector(".prompt")?.textContent.trim() ?? ""}`);
    if (document.hidden) {
      document.title = `(${(unseen += 1)}) ${title}`;
      if (window.Notification?.permission === "granted" && localStorage.getItem("notices") === "1") {
        new Notification(now === "SUCCEEDED" ? "Done" : "Failed", { body: old.querySelector(".prompt")?.textContent.trim(), tag: old.id });
      }
    }
  }
  keepFocus(old);
});

function say(text) {
  const line = document.getElementById("answer");
  if (line) line.textContent = text;
}

// Whoever stood on a button of a card that is swapped stands on the same button of the new one.
function keepFocus(card) {
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  if (!focused) return;
  const index = [...card.querySelectorAll("a, button")].indexOf(focused);
  document.body.addEventListener(
    "htmx:oobAfterSwap",
    () => document.getElementById(card.id)?.querySelectorAll("a, button")[index]?.focus({ preventScroll: true }),
    { once: true },
  );
}

function pollNow() {
  const poll = document.getElementById("poll");
  if (poll && window.htmx) window.htmx.ajax("GET", poll.getAttribute("hx-get"), { target: "#poll", swap: "outerHTML" });
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unseen = 0;
  document.title = title;
  pollNow();
});

// After an act of ours the poll may be a slow one: ask once, and the answer sets the pace.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.requestConfig.verb === "post") pollNow();
});

function play(event, on) {
  const clip = event.target.closest?.(".frame")?.querySelector("video.clip");
  if (!clip) return;
  clip.classList.toggle("playing", on);
  if (on && !matchMedia("(prefers-reduced-motion: reduce)").matches) clip.play().catch(() => {});
  else clip.pause();
}

for (const [name, on] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
  document.addEventListener(name, (event) => play(event, on));
}

// The star answers at once; the server is told by the form.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form.star");
  if (!form || !event.detail.successful) return;
  const button = form.querySelector("button");
  const on = button.value === "1";
  button.value = on ? "0" : "1";
  button.setAttribute("aria-pressed", String(on));
});

const density = document.getElementById("density");
if (density) {
  const set = () => {
    document.documentElement.style.setProperty("--row", `calc(clamp(190px, 21vw, 380px) * ${density.value / 100})`);
    localStorage.setItem("density", density.value);
  };
  density.value = localStorage.getItem("density") ?? "100";
  if (density.value !== "100") set();
  density.addEventListener("input", set);
  density.closest("label").hidden = false;
}
