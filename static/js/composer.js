// The composer: unfold, show only what the type takes, keep faders and figures equal, count the cost.
const root = () => document.getElementById("composer");
const field = (name) => root().elements[name];

function unfold(open) {
  const form = root();
  form.dataset.open = String(open);
  for (const button of form.querySelectorAll("[data-unfold]")) button.setAttribute("aria-expanded", String(open));
  const bar = form.getBoundingClientRect();
  if (open && bar.top > window.innerHeight / 3 && window.innerWidth >= 720) window.scrollTo({ top: 0 });
  if (open) form.elements.prompt.focus({ preventScroll: true });
  form.scrollTop = 0;
}

function takes(type) {
  for (const part of root().querySelectorAll("[data-takes]")) {
    const on = part.dataset.takes.split(" ").includes(type);
    part.hidden = !on;
    if (part instanceof HTMLFieldSetElement) part.disabled = !on;
    else for (const input of part.querySelectorAll("input")) input.disabled = !on;
  }
}

function cost() {
  const form = root();
  // What a list of prompts costs only its reading knows.
  if (form.elements.rows) return;
  const type = form.querySelector("[name=task_type]:checked");
  const speed = form.querySelector("[name=speed]:checked:enabled");
  const batch = form.querySelector("[name=video_batch_size]:checked:enabled");
  const each = Number((speed ?? type)?.dataset.credits ?? type?.dataset.credits);
  const all = each * (batch ? Number(batch.value) : 1);
  const place = form.querySelector("[data-cost]");
  if (place && Number.isFinite(all)) place.textContent = String(all);
}

function gist() {
  const form = root();
  for (const place of form.querySelectorAll("[data-gist]")) {
    const { gist: name } = place.dataset;
    const chosen = form.querySelector(`[name="${name}"]:checked, input[type=number][name="${name}"]`);
    if (!chosen) continue;
    const word = chosen.dataset.label ?? chosen.value;
    const mark = { version: "v", stylization: "s " }[name];
    place.textContent = mark ? mark + word : word.slice(0, 1).toUpperCase() + word.slice(1);
    place.hidden = chosen.disabled || Boolean(chosen.closest("[disabled]"));
    if (name === "task_type") drawType(place, chosen);
    if (name === "aspect_ratio") form.querySelector("[data-gist-shape]").className = `r-${chosen.value}`;
  }
  const count = form.querySelector("[data-count]");
  if (count) count.textContent = String([...form.elements.prompt.value].length);
}

// The bar's icon is that of the chosen kind, at the bar's size.
function drawType(place, chosen) {
  const icon = chosen.parentElement.querySelector("svg")?.cloneNode(true);
  const old = place.parentElement.querySelector("svg");
  if (!icon || !old) return;
  for (const side of ["width", "height"]) icon.setAttribute(side, old.getAttribute(side));
  old.replaceWith(icon);
}

function fill(range) {
  const share = (100 * (range.value - range.min)) / (range.max - range.min);
  range.style.setProperty("--v", `${share}%`);
}

function refresh() {
  if (!root()) return;
  takes(root().querySelector("[name=task_type]:checked")?.value ?? "mj_txt2img");
  for (const range of root().querySelectorAll("input[type=range]")) fill(range);
  cost();
  gist();
}

document.addEventListener("input", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLElement) || !input.closest("#composer")) return;
  if (input.dataset.for) field(input.dataset.for).value = input.value;
  if (input.type === "number") {
    const range = root().querySelector(`[data-for="${input.name}"]`);
    if (range) range.value = input.value;
  }
  if (input.name === "prompt") {
    input.removeAttribute("aria-invalid");
    document.getElementById("prompt-error").textContent = "";
  }
  if (input.name === "file_urls" && input.type === "url") moreSlots();
  refresh();
});

// One empty address is always there to be filled, up to five.
function moreSlots() {
  const slots = root().querySelector("[data-slots]");
  const inputs = [...slots.querySelectorAll("[name=file_urls]")];
  if (inputs.length < 5 && inputs.every((input) => input.value)) {
    const more = slots.lastElementChild.cloneNode(true);
    more.querySelector("input").value = "";
    slots.append(more);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-unfold], [data-reset]");
  if (!button?.closest("#composer")) return;
  if (button.hasAttribute("data-unfold")) unfold(root().dataset.open !== "true");
  else {
    for (const fader of root().querySelectorAll(".fader[data-default]")) {
      for (const input of fader.querySelectorAll("input")) input.value = fader.dataset.default;
    }
    refresh();
  }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target.closest?.("#composer")) {
    event.preventDefault();
    root().requestSubmit();
  } else if (event.key === "Enter" && !event.shiftKey && event.target.id === "prompt" && root().dataset.open !== "true") {
    event.preventDefault();
    root().requestSubmit();
  } else if (event.key === "Escape" && root()?.dataset.open === "true" && !document.querySelector(":popover-open")) {
    unfold(false);
  } else if (event.key === "/" && !typing && root()) {
    event.preventDefault();
    root().elements.prompt.focus();
  } else if (event.ctrlKey && event.key === "." && root()) {
    event.preventDefault();
    unfold(root().dataset.open !== "true");
  } else if (event.altKey && /^Digit[1-6]$/.test(event.code) && root()) {
    event.preventDefault();
    root().querySelectorAll("[name=task_type]")[Number(event.code.at(-1)) - 1]?.click();
  } else if (event.altKey && event.code === "KeyP" && root()) {
    event.preventDefault();
    document.getElementById("presets").togglePopover();
  }
});

document.addEventListener("pointerdown", (event) => {
  if (root()?.dataset.open === "true" && !event.target.closest("#composer")) unfold(false);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "composer" && event.detail.target?.id !== "composer") return;
  refresh();
  const wrong = root().querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id !== "composer" || !event.detail.successful) return;
  document.getElementById("first-board")?.remove();
  unfold(false);
});

refresh();
