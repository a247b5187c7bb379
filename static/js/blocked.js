// Says before anything is sent why it can't be: no words, an error in them, a picture that is missing, the budget. The
// server decides; this only warns. What merely waits (the balance) is said and may be sent.
const form = () => document.getElementById("composer");
const button = () => document.getElementById("generate");

function needsPicture() {
  const slots = form().querySelector("[data-slots]");
  const isAsked = slots && !slots.closest("[disabled], [hidden]");
  return isAsked && ![...slots.querySelectorAll("[name=file_urls], [name=file_url]")].some((input) => input.value.trim());
}

// [what is said at once, what is said when it is pressed all the same, where the remedy is]
function hindrance(cost, budget) {
  const prompt = form().elements.prompt;
  const wrong = document.querySelector("#notes .error");
  if (!prompt.value.trim()) return ["", "Say what you want to see first.", prompt];
  if (wrong) return ["", wrong.textContent, prompt];
  if (needsPicture()) return ["", "Add a picture to start from.", null];
  if (cost > budget) return [`Needs ${cost}, ${budget} left in the budget.`, "", null];
  return null;
}

function look(isPressed = false) {
  const line = document.getElementById("blocked");
  const purse = document.querySelector("#purse [data-balance], #purse [data-budget]");
  if (!button() || !line) return null;
  const cost = Number(button().querySelector("[data-cost]")?.textContent) || 0;
  const budget = purse?.dataset.budget ? Number(purse.dataset.budget) : Infinity;
  const balance = purse?.dataset.balance ? Number(purse.dataset.balance) : Infinity;
  const hindered = hindrance(cost, budget);
  const waits = cost > balance ? `Needs ${cost}, you have ${balance}. It waits here until there is more.` : "";
  const said = hindered ? hindered[0] || (isPressed ? hindered[1] : "") : waits;
  if (line.textContent !== said) line.textContent = said;
  if (hindered) button().setAttribute("aria-disabled", "true");
  else button().removeAttribute("aria-disabled");
  return hindered;
}

const watcher = new MutationObserver(() => look());
function watch() {
  watcher.disconnect();
  const parts = [button(), document.getElementById("purse"), form()?.querySelector(".advice"), form()?.querySelector("[data-slots]")];
  for (const part of parts) if (part) watcher.observe(part, { subtree: true, childList: true, characterData: true });
  look();
}

document.addEventListener("htmx:afterSettle", watch);
// After the composer has shown or hidden what the chosen type takes.
document.addEventListener("input", (event) => {
  if (event.target.closest?.("#composer")) queueMicrotask(() => look());
});
document.addEventListener(
  "submit",
  (event) => {
    if (event.target !== form()) return;
    const hindered = look(true);
    if (!hindered) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hindered[2]?.focus();
  },
  true,
);
watch();
