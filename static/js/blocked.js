// Says before anything is sent that the budget or the balance is not enough. The server decides; this only warns.
const form = () => document.getElementById("composer");

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
  if (cost > budget) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

const watcher = new MutationObserver(look);
function watch() {
  watcher.disconnect();
  for (const id of ["generate", "purse"]) {
    const part = document.getElementById(id);
    if (part) watcher.observe(part, { subtree: true, childList: true, characterData: true });
  }
  look();
}

document.addEventListener("htmx:afterSettle", watch);
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
