// The sheet of all keys under "?", and the switch that turns single letters off (for voice control, for cats).
const OFF = "single-letters-off";
const sheet = document.getElementById("keys");
const isTyping = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable]"));

function heed() {
  document.documentElement.toggleAttribute("data-no-letters", localStorage.getItem(OFF) === "1");
}

if (sheet) {
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

document.addEventListener("keydown", (event) => {
  if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const isLetter = /^[a-z0-9/]$/.test(event.key);
  // In the capture phase: whoever acts on letters comes later and never hears of it.
  if (isLetter && document.documentElement.hasAttribute("data-no-letters")) event.stopImmediatePropagation();
  else if (event.key === "?" && sheet && !sheet.open) {
    event.preventDefault();
    sheet.showModal();
  } else if (isLetter && sheet?.open) event.stopImmediatePropagation();
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-show-keys]")) sheet?.showModal();
});

heed();
