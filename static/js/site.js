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
// A form of [data-once] bears a nonce from its first click until its answer is here: clicked again in between, or after an
// answer that got lost, it is still the same order; clicked after its answer, it is a new one.
let orders = new WeakMap();

export function begin(form, kind) {
  const order = orders.get(form)?.kind === kind ? orders.get(form) : { kind, nonce: uuid() };
  orders.set(form, order);
  const field = form.elements.nonce ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "nonce" }));
  field.value = order.nonce;
}

export const end = (form) => orders.delete(form);

// Not crypto.randomUUID: it is missing where the site is reached by plain http.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

document.addEventListener(
  "submit",
  (event) => {
    if (event.target.matches("[data-once]")) begin(event.target, event.submitter?.value ?? "");
  },
  true,
);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) end(event.target);
});
// Whoever comes back to a page by the browser's button has seen the answer.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) orders = new WeakMap();
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-copy]")) event.target.select();
});
// On a phone the second line of places is longer than the screen: where one is must not be outside of it.
const line = document.querySelector(".subline");
const place = line?.querySelector("[aria-current]");
if (place) line.scrollLeft = place.offsetLeft - (line.clientWidth - place.offsetWidth) / 2;
// Copies the field before the button. Where the clipboard is closed, as by plain http, the old way still works.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = button.previousElementSibling;
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value).catch(() => document.execCommand("copy"));
    else document.execCommand("copy");
    const words = button.querySelector("span");
    words.textContent = "Copied";
    toast("The link is copied.");
    setTimeout(() => (words.textContent = "Copy"), 2000);
  });
}
document.querySelectorAll("#toasts > .toast").forEach(arm);
document.addEventListener("toast", (event) => toast(event.detail.value ?? String(event.detail)));
document.addEventListener("htmx:sendError", () => toast("The site can't be reached. Nothing was lost; try again."));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  if (status === 403 || status === 401) window.location.reload();
  // What a 409 means is said by the answer itself.
  else if (status !== 422 && status !== 409) toast(`The site answered with an error (${status}). Nothing was sent.`);
});
