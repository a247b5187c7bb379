// Shows before anything is sent that it can't be yet: Generate is hollow without words, beside an error in them, without the
// picture a type starts from, and beyond the budget. Pressed all the same, the server says beside the field what is wrong;
// only the budget stops it here. What merely waits (the balance) is said and may be sent.
const form = () => document.getElementById("composer");

function needsPicture() {
  const slots = form().querySelector("[data-slots]");
  const isAsked = slots && !slots.closest("[disabled], [hidden]");
  return isAsked && ![...slots.querySelectorAll("[name=file_urls], [name=file_url]")].some((input) => input.value.trim());
}

const isUnready = () => !form().elements.prompt.value.trim() || document.querySelector("#notes .error") || needsPicture();

function look() {
  const button = document.getElementById("generate");
  const line = document.getElementById("blocked");
  const purse = document.querySelector("#purse [data-balance], #purse [data-budget]");
  if (!button || !line) return;
  const cost = Number(button.querySelector("[data-cost]")?.textContent) || 0;
  const budget = purse?.dataset.budget ? Number(purse.dataset.budget) : Infinity;
  const balance = purse?.dataset.balance ? Number(purse.dataset.balance) : Infinity;
  let said = "";
  if (cost > budget) said = `Needs ${cost}, ${budget} left in the budget.`;
  else if (cost > balance) said = `Needs ${cost}, you have ${balance}. It waits here until there is more.`;
  if (line.textContent !== said) line.textContent = said;
  button.toggleAttribute("data-hollow", cost > budget || Boolean(isUnready()));
  if (cost > budget) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

const watcher = new MutationObserver(look);
function watch() {
  watcher.disconnect();
  const parts = ["#generate", "#purse", "#composer .advice", "#composer [data-slots]"];
  for (const part of document.querySelectorAll(parts.join())) watcher.observe(part, { subtree: true, childList: true, characterData: true });
  look();
}

document.addEventListener("htmx:afterSettle", watch);
// After the composer has shown or hidden what the chosen type takes.
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#composer")) queueMicrotask(look);
});
document.addEventListener(
  "submit",
  (event) => {
    if (event.target === form() && document.getElementById("generate")?.getAttribute("aria-disabled")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  },
  true,
);
watch();
