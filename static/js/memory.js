// What the composer remembers: the draft, presets, and earlier prompts under Alt+Up.
const root = () => document.getElementById("composer");
let timer = 0;
let prompts = null;
let at = -1;
let own = "";

const fields = () => new FormData(root());

function keep() {
  clearTimeout(timer);
  timer = 0;
  // A draft is the person's wherever they work: it is kept also when the page's team has let them go.
  const body = fields();
  body.delete("space");
  navigator.sendBeacon(root().dataset.draft, body);
}

document.addEventListener("input", (event) => {
  if (!event.target.closest?.("#composer") || event.target.closest(".memories")) return;
  if (event.isTrusted && event.target.name === "prompt") at = -1;
  clearTimeout(timer);
  timer = setTimeout(keep, 800);
});

addEventListener("pagehide", () => {
  if (timer && root()) keep();
});

async function fetched(place, query = "") {
  const answer = await fetch(place.dataset.from + query, { headers: { "X-Space": root().elements.space.value } });
  return answer.ok ? answer.text() : "";
}

// Popovers are filled when they open.
document.addEventListener("beforetoggle", async (event) => {
  if (event.newState !== "open") return;
  if (event.target.id === "presets") swapList(await fetched(event.target));
  if (event.target.id === "history") event.target.querySelector("[data-prompts]").innerHTML = await fetched(event.target);
}, true);

function swapList(html) {
  const list = new DOMParser().parseFromString(html, "text/html").getElementById("preset-list");
  if (list) document.getElementById("preset-list").replaceWith(list);
}

async function post(address, body) {
  const answer = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } });
  swapList(await answer.text());
  return answer.ok;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-keep], [data-act], [data-prompt]");
  if (!button?.closest(".memories")) return;
  if (button.dataset.prompt !== undefined) {
    say(button.dataset.prompt);
    document.getElementById("history").hidePopover();
    return;
  }
  const body = fields();
  const name = document.getElementById("preset-name");
  if (button.dataset.act) await post(button.dataset.act, body);
  else {
    body.append("name", name.value);
    if (await post(document.getElementById("presets").dataset.from, body)) name.value = "";
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.id !== "preset-name") return;
  event.preventDefault();
  root().querySelector("[data-keep]").click();
});

let searching = 0;
document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-search]")) return;
  clearTimeout(searching);
  searching = setTimeout(async () => {
    const place = document.getElementById("history");
    place.querySelector("[data-prompts]").innerHTML = await fetched(place, `?q=${encodeURIComponent(event.target.value)}`);
  }, 150);
});

function say(text) {
  const prompt = root().elements.prompt;
  prompt.value = text;
  prompt.dispatchEvent(new Event("input", { bubbles: true }));
  prompt.focus();
}

async function walk(step) {
  if (!prompts) {
    const page = new DOMParser().parseFromString(await fetched(document.getElementById("history")), "text/html");
    prompts = [...page.querySelectorAll("[data-prompt]")].map((each) => each.dataset.prompt);
  }
  if (at === -1) own = root().elements.prompt.value;
  const next = Math.min(at + step, prompts.length - 1);
  if (next < -1 || next === at) return;
  at = next;
  say(at === -1 ? own : prompts[at]);
}

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "prompt" || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  walk(event.key === "ArrowUp" ? 1 : -1);
});

// What has just been sent is the newest of the history.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id !== "composer" || !event.detail.successful) return;
  prompts = null;
  at = -1;
});
