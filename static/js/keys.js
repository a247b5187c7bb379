// The sheet of all keys under "?", and the switch that turns single letters off (for voice control, for cats).
const OFF = "single-letters-off";
const template = document.getElementById("keys-template");
let sheet = null;
const isTyping = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable]"));

function heed() {
  document.documentElement.toggleAttribute("data-no-letters", localStorage.getItem(OFF) === "1");
}

// Made when it is first asked for: a page that nobody asks is not carrying every word of it.
function open() {
  if (!template) return;
  if (!sheet) dress();
  sheet.showModal();
}

function dress() {
  sheet = template.content.firstElementChild.cloneNode(true);
  document.body.append(sheet);
  const box = sheet.querySelector("[data-letters]");
  box.checked = localStorage.getItem(OFF) !== "1";
  box.addEventListener("change", () => {
    localStorage.setItem(OFF, box.checked ? "0" : "1");
    heed();
  });
  sheet.querySelector("[data-keys-search]").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    for (const row of sheet.querySelectorAll("dl > div")) row.hidden = !row.textContent.toLowerCase().includes(words);
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close();
  });
}

// G, then S or G, within a second: to the studio, to the gallery.
let gone = 0;
function goes(key) {
  const place = Date.now() - gone < 1000 && { s: template?.dataset.studio, g: template?.dataset.gallery }[key];
  gone = key === "g" && !place ? Date.now() : 0;
  if (place) location.assign(place);
  return Boolean(place);
}

document.addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const isLetter = /^[a-z0-9/]$/.test(event.key);
  // In the capture phase: whoever acts on letters comes later and never hears of it.
  if (isLetter && document.documentElement.hasAttribute("data-no-letters")) event.stopImmediatePropagation();
  else if (event.key === "?" && template && !sheet?.open) {
    event.preventDefault();
    open();
  } else if (isLetter && (sheet?.open || goes(event.key))) event.stopImmediatePropagation();
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-show-keys]")) open();
});

heed();
