// The order of a collection: drag, or the two buttons of each picture. Kept on the server at once.
const list = document.querySelector(".ordered");
const form = document.querySelector("[data-order]");
let dragged = null;

async function keep() {
  const body = new FormData(form);
  for (const item of list.querySelectorAll("[data-result]")) body.append("result", item.dataset.result);
  const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok) document.dispatchEvent(new CustomEvent("toast", { detail: { value: "The order could not be kept." } }));
}

list.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("[data-result]");
  dragged?.classList.add("is-dragged");
});
list.addEventListener("dragover", (event) => {
  const over = event.target.closest("[data-result]");
  if (!dragged || !over || over === dragged) return;
  event.preventDefault();
  const box = over.getBoundingClientRect();
  over[event.clientX > box.left + box.width / 2 ? "after" : "before"](dragged);
});
list.addEventListener("drop", (event) => event.preventDefault());
list.addEventListener("dragend", () => {
  dragged?.classList.remove("is-dragged");
  if (dragged) keep();
  dragged = null;
});
list.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  const item = button.closest("[data-result]");
  const other = button.dataset.move === "1" ? item.nextElementSibling : item.previousElementSibling;
  if (!other) return;
  other[button.dataset.move === "1" ? "after" : "before"](item);
  button.focus();
  keep();
});
