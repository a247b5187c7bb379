// Looking closer: wheel, +, -, 0, double click, two fingers, and dragging. Scale 1 is "fit"; the label tells the true size in per cent.
const MOST = 8;
let view = null;

export function watchZoom(viewer) {
  const easel = viewer.querySelector("[data-easel]");
  view = easel && {
    easel, zoom: 1, x: 0, y: 0,
    picture: easel.querySelector("[data-picture]"),
    label: viewer.querySelector("[data-zoom]"),
  };
  if (!view) return;
  easel.parentElement.addEventListener("wheel", onWheel, { passive: false });
  held.clear();
  easel.addEventListener("pointerdown", onGrab);
  easel.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel"]) easel.addEventListener(end, onRelease);
  easel.addEventListener("dblclick", toggle);
  view.label.addEventListener("click", toggle);
  apply();
}

// CSS pixels per picture pixel when the picture fits.
function fit() {
  const { picture } = view;
  return Math.min(picture.clientWidth / picture.getAttribute("width"), picture.clientHeight / picture.getAttribute("height"));
}

function apply() {
  const { easel, picture, label, zoom } = view;
  if (zoom <= 1) Object.assign(view, { zoom: 1, x: 0, y: 0 });
  easel.style.setProperty("--zoom", view.zoom);
  easel.style.setProperty("--x", `${view.x}px`);
  easel.style.setProperty("--y", `${view.y}px`);
  easel.classList.toggle("is-zoomed", view.zoom > 1);
  // A larger size asks the browser for the original.
  picture.sizes = view.zoom > 1 ? `${Math.round(picture.clientWidth * view.zoom)}px` : "(max-width: 720px) 100vw, 72vw";
  const share = Math.round(fit() * view.zoom * devicePixelRatio * 100);
  label.textContent = view.zoom > 1 ? `${share} %` : `Fit, ${share} %`;
}

// Keeps the point under the pointer where it is; (0, 0) is the middle of the easel.
function zoomTo(zoom, x = 0, y = 0) {
  const next = Math.min(Math.max(zoom, 1), MOST);
  const ratio = next / view.zoom;
  Object.assign(view, { x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio, zoom: next });
  apply();
}

function fromMiddle(event) {
  const box = view.easel.parentElement.getBoundingClientRect();
  return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
}

function onWheel(event) {
  event.preventDefault();
  zoomTo(view.zoom * Math.exp(-event.deltaY / 400), ...fromMiddle(event));
}

function toggle(event) {
  const full = Math.max(1 / (fit() * devicePixelRatio), 2);
  if (view.zoom > 1) zoomTo(1);
  else zoomTo(full, ...(event.type === "dblclick" ? fromMiddle(event) : []));
}

// One pointer drags what is zoomed; two take the picture between them: their middle moves it, their distance sizes it.
const held = new Map();

function grip() {
  const [a, b = a] = held.values();
  const [x, y] = fromMiddle({ clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
  return { x, y, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1 };
}

function onGrab(event) {
  if (event.button !== 0 || held.size === 2) return;
  if (event.isPrimary) held.clear();
  held.set(event.pointerId, event);
  view.easel.setPointerCapture(event.pointerId);
}

function onMove(event) {
  if (!held.has(event.pointerId)) return;
  const before = grip();
  held.set(event.pointerId, event);
  const now = grip();
  view.x += now.x - before.x;
  view.y += now.y - before.y;
  zoomTo(view.zoom * (now.apart / before.apart), now.x, now.y);
}

function onRelease(event) {
  held.delete(event.pointerId);
}

document.addEventListener("keydown", (event) => {
  if (!view?.easel.isConnected || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea")) return;
  if (event.key === "+" || event.key === "=") zoomTo(view.zoom * 1.4);
  else if (event.key === "-") zoomTo(view.zoom / 1.4);
  else if (event.key === "0") zoomTo(1);
});
