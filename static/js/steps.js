// Keys on the board and on the wall: steps between results, and what is done to the one under focus or pointer.
const ACTS = {
  u: "[value=upscale]", v: "[value=vary]", a: "[href*='?animate=']", r: "[href*='?use=']", p: "[href*='?reuse=']", d: "[download]", s: ".star button, .tile-star",
};
const ONE = ".frame.saved, .tile[data-result]";
const pictures = () => [...document.querySelectorAll(".frame.saved > .picture, .tile[data-result] > a")];
const cards = () => [...document.querySelectorAll("#board > .card")];
const isElsewhere = (target) => target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open], :popover-open");
export const underHand = () => document.activeElement?.closest(ONE) ?? document.querySelector(".frame.saved:hover, .tile[data-result]:hover");

function focus(element) {
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
}

function stepResult(by) {
  const here = underHand()?.querySelector(":scope > a");
  if (!here) return false;
  focus(pictures().at(Math.max(0, pictures().indexOf(here) + by)));
  return true;
}

function stepTask(by) {
  const all = cards();
  const here = all.indexOf(underHand()?.closest(".card") ?? document.activeElement?.closest(".card"));
  const card = all[Math.min(Math.max(here + by, 0), all.length - 1)];
  focus(card?.querySelector(".picture, .caption a"));
  return Boolean(card);
}

function act(key) {
  const button = underHand()?.querySelector(ACTS[key]);
  button?.click();
  return Boolean(button);
}

const STEPS = { ArrowLeft: () => stepResult(-1), ArrowRight: () => stepResult(1), j: () => stepTask(1), k: () => stepTask(-1) };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isElsewhere(event.target)) return;
  const does = STEPS[event.key] ?? (ACTS[event.key] && (() => act(event.key)));
  if (does?.()) event.preventDefault();
});
