import { dress } from "./pins.js";

// A review without reloads: forms and links of the page swap its main part, and the page stays where it is.
async function show(request, address) {
  const answer = await fetch(request);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  if (!answer.ok || !main) return location.reload();
  const focused = document.activeElement?.getAttribute("aria-label");
  document.querySelector("main").replaceWith(main);
  dress();
  document.body.className = page.body.className;
  history.replaceState(null, "", address ?? answer.url);
  const again = focused && [...main.querySelectorAll("[aria-label]")].find((each) => each.getAttribute("aria-label") === focused);
  (again || main.querySelector(".review-drawer textarea"))?.focus({ preventScroll: true });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  show(new Request(form.action, { method: "POST", body: new FormData(form, event.submitter) }));
});

document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="?"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(new Request(link.href), link.href);
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".review-drawer [data-close]")?.click();
});
