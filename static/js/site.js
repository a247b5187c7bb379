// What every page needs: toasts that leave by themselves, and messages that came with an htmx answer.
const STAY = 8000;

function arm(toast) {
  let timer = setTimeout(() => toast.remove(), STAY);
  const hold = () => clearTimeout(timer);
  const go = () => {
    timer = setTimeout(() => toast.remove(), STAY / 2);
  };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusout", go);
  for (const button of toast.querySelectorAll("button")) button.addEventListener("click", () => toast.remove());
}

export function toast(text, button = null) {
  const list = document.getElementById("toasts");
  const template = document.getElementById("toast-template");
  const item = template.content.firstElementChild.cloneNode(true);
  item.querySelector("span").textContent = text;
  if (button) {
    const act = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: button.label });
    act.addEventListener("click", button.act);
    item.querySelector("span").after(act);
  }
  list.append(item);
  while (list.children.length > 2) list.firstElementChild.remove();
  arm(item);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-copy]")) event.target.select();
});
document.querySelectorAll("#toasts > .toast").forEach(arm);
document.addEventListener("toast", (event) => toast(event.detail.value ?? String(event.detail)));
document.addEventListener("htmx:sendError", () => toast("The site can't be reached. Nothing was lost; try again."));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 403 || status === 401) window.location.reload();
  else if (status !== 422) toast(`The site answered with an error (${status}). Nothing was sent.`);
});
