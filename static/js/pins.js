// A note pinned to a place of the picture: press "Pin a note", then the picture, or move the pin with the arrow keys.
const SVG = "http://www.w3.org/2000/svg";
const board = () => document.querySelector("[data-pinboard]");
const button = () => document.querySelector("[data-pin]");
const say = () => document.querySelector(".review-drawer .say");

export function dress() {
  if (button()) button().hidden = false;
}

// The place is said by attributes of the drawing, as in the page itself.
function draw() {
  const layer = document.createElementNS(SVG, "svg");
  const mark = document.createElementNS(SVG, "svg");
  const dot = document.createElementNS(SVG, "circle");
  layer.classList.add("pins", "new-pin");
  layer.setAttribute("aria-hidden", "true");
  mark.setAttribute("overflow", "visible");
  dot.setAttribute("r", "11");
  mark.append(dot);
  layer.append(mark);
  board().append(layer);
  return layer;
}

function place(x, y) {
  const fields = say().elements;
  const within = (value) => Math.round(Math.min(Math.max(value, 0), 1000));
  fields.pin_x.value = within(x);
  fields.pin_y.value = within(y);
  const mark = (board().querySelector(".new-pin") ?? draw()).firstChild;
  mark.setAttribute("x", `${fields.pin_x.value / 10}%`);
  mark.setAttribute("y", `${fields.pin_y.value / 10}%`);
}

function set(on) {
  button().setAttribute("aria-pressed", String(on));
  button().textContent = on ? "Take the pin off" : "Pin a note";
  board().classList.toggle("pinning", on);
  if (on) place(500, 500);
  else {
    board().querySelector(".new-pin")?.remove();
    say().elements.pin_x.value = say().elements.pin_y.value = "";
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-pin]")) return set(button().getAttribute("aria-pressed") !== "true");
  if (!event.target.closest("[data-pinboard].pinning")) return;
  const box = board().getBoundingClientRect();
  place((1000 * (event.clientX - box.left)) / box.width, (1000 * (event.clientY - box.top)) / box.height);
  say().elements.text.focus({ preventScroll: true });
});

document.addEventListener("keydown", (event) => {
  const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [];
  if (across === undefined || !event.target.closest?.("[data-pin][aria-pressed=true]")) return;
  event.preventDefault();
  const far = event.shiftKey ? 100 : 20;
  const { pin_x: x, pin_y: y } = say().elements;
  place(Number(x.value) + across * far, Number(y.value) + down * far);
});

dress();
