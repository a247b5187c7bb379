// Comparing: a handle between two pictures, side by side, or in turns. Without a script they stand side by side.
const root = document.querySelector("[data-compare]");
const plane = root.querySelector("[data-plane]");
const handle = root.querySelector(".handle");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const BLINK = 700;
let blinking = 0;

function meet(share) {
  const at = Math.min(Math.max(share, 0), 100);
  root.style.setProperty("--at", `${at}%`);
  handle.setAttribute("aria-valuenow", String(Math.round(at)));
  handle.setAttribute("aria-valuetext", `${Math.round(at)} %`);
}

function choose(way) {
  root.dataset.compare = way;
  handle.hidden = way !== "slide";
  clearInterval(blinking);
  plane.classList.remove("second");
  const turn = () => plane.classList.toggle("second");
  if (way === "blink" && !still.matches) blinking = setInterval(turn, BLINK);
  root.querySelector(`[name=way][value=${way}]`).checked = true;
}

function follow(event) {
  const box = plane.getBoundingClientRect();
  meet((100 * (event.clientX - box.left)) / box.width);
}

if (handle) {
  root.querySelector(".ways").hidden = false;
  root.addEventListener("change", (event) => event.target.name === "way" && choose(event.target.value));
  plane.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    // Under reduced motion the pictures change with a press.
    if (root.dataset.compare === "blink") plane.classList.toggle("second");
    if (root.dataset.compare !== "slide") return;
    event.preventDefault();
    handle.focus();
    plane.setPointerCapture(event.pointerId);
    follow(event);
    plane.addEventListener("pointermove", follow);
    plane.addEventListener("pointerup", () => plane.removeEventListener("pointermove", follow), { once: true });
  });
  handle.addEventListener("keydown", (event) => {
    const now = Number(handle.getAttribute("aria-valuenow"));
    const far = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: now - far, ArrowDown: now - far, ArrowRight: now + far, ArrowUp: now + far, PageDown: now - 10, PageUp: now + 10, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    meet(to);
  });
  choose("slide");
  meet(50);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) root.querySelector("[data-close]").click();
});
