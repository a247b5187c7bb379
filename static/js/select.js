// Choosing many on the wall: click, shift for a range, a frame drawn with the mouse, or all that match.
import { toast } from "./site.js";
import { underHand } from "./steps.js";

const bar = document.getElementById("selection");
const wall = () => document.getElementById("wall");
const tiles = () => [...document.querySelectorAll(".tile[data-result]")];
const chosen = new Set();
const switchOn = document.querySelector("[data-select]");
let everything = false;
let selecting = false;
let last = null;

function mark(tile, on) {
  const id = tile.dataset.result;
  if (on) chosen.add(id);
  else chosen.delete(id);
  tile.classList.toggle("is-chosen", on);
  tile.querySelector(".pick")?.setAttribute("aria-pressed", String(on));
}

function draw() {
  const count = everything ? document.querySelector("#found .found")?.textContent.replace(" found", "") ?? "All" : String(chosen.size);
  bar.querySelector("[data-count]").textContent = count;
  bar.hidden = !selecting && !everything && !chosen.size;
  switchOn?.setAttribute("aria-pressed", String(!bar.hidden));
  const two = bar.querySelector("[data-two]");
  two.hidden = everything || chosen.size !== 2;
  if (!two.hidden) two.search = new URLSearchParams([...chosen].map((id, index) => ["ab"[index], id]));
  wall()?.classList.toggle("choosing", !bar.hidden);
}

function clear() {
  everything = selecting = false;
  for (const tile of tiles()) mark(tile, false);
  chosen.clear();
  // What was typed was for those that were chosen: another new collection has another name.
  for (const id of ["collect-name", "tag-word"]) document.getElementById(id).value = "";
  draw();
}

// The mark is put on by script: without one there is nothing to choose with.
function dress() {
  for (const tile of tiles()) {
    if (tile.querySelector(".pick")) continue;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "pick" });
    button.setAttribute("aria-label", `Choose: ${tile.querySelector(".shot")?.alt.slice(0, 60) ?? "picture"}`);
    button.setAttribute("aria-pressed", String(chosen.has(tile.dataset.result)));
    tile.append(button);
    tile.classList.toggle("is-chosen", chosen.has(tile.dataset.result));
  }
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest(".pick");
  const tile = event.target.closest(".tile[data-result]");
  const isMarking = pick || (tile && (event.shiftKey || event.ctrlKey || event.metaKey || !bar.hidden) && !event.target.closest(".tile-star"));
  if (!isMarking) return;
  event.preventDefault();
  event.stopPropagation();
  const all = tiles();
  const here = all.indexOf(tile);
  if (event.shiftKey && last && all.includes(last)) {
    const [from, to] = [all.indexOf(last), here].sort((a, b) => a - b);
    for (const each of all.slice(from, to + 1)) mark(each, true);
  } else mark(tile, !chosen.has(tile.dataset.result));
  everything = false;
  last = tile;
  draw();
}, true);

// A frame drawn over the wall, begun beside the pictures.
let frame = null;
document.addEventListener("pointerdown", (event) => {
  if (event.button || event.pointerType !== "mouse" || !wall()?.contains(event.target) || event.target.closest(".tile, label, a, button")) return;
  frame = { x: event.pageX, y: event.pageY, moved: false };
});
document.addEventListener("pointermove", (event) => {
  if (!frame) return;
  frame.moved ||= Math.hypot(event.pageX - frame.x, event.pageY - frame.y) > 8;
  if (!frame.moved) return;
  event.preventDefault();
  const [left, right] = [frame.x, event.pageX].sort((a, b) => a - b);
  const [top, bottom] = [frame.y, event.pageY].sort((a, b) => a - b);
  for (const tile of tiles()) {
    const box = tile.getBoundingClientRect();
    const [x, y] = [box.left + scrollX, box.top + scrollY];
    if (x < right && x + box.width > left && y < bottom && y + box.height > top) mark(tile, true);
  }
  draw();
});
document.addEventListener("pointerup", () => (frame = null));

function said() {
  const body = new FormData(bar);
  if (everything) {
    body.set("everything", "1");
    // Only the address goes along with a search that is typed: this form is as old as the page.
    body.set("search", location.search.slice(1));
  } else for (const id of chosen) body.append("result", id);
  return body;
}

async function send(body) {
  const answer = await fetch(bar.action, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok) {
    toast("That could not be done just now.");
    return null;
  }
  return answer.json();
}

const isEmpty = () => !everything && !chosen.size;

// Leaves the page with what is chosen: for a zip, or for the page where they are shared.
function leaveFor(address) {
  const form = Object.assign(document.createElement("form"), { method: "post", action: address, hidden: true });
  for (const [name, value] of said()) form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
  form.remove();
}

function refuseEmpty(event) {
  event.preventDefault();
  toast("Nothing is chosen yet. Choose pictures first.");
}

for (const box of bar.querySelectorAll("[popover]")) {
  box.addEventListener("beforetoggle", (event) => event.newState === "open" && isEmpty() && refuseEmpty(event));
}

bar.addEventListener("submit", async (event) => {
  if (isEmpty()) return refuseEmpty(event);
  event.preventDefault();
  if (event.submitter?.hasAttribute("formaction")) return leaveFor(event.submitter.formAction);
  const act = event.submitter?.value ?? "";
  const body = said();
  body.set("act", act);
  if (act === "take_out") body.set("collection", event.submitter.dataset.collection);
  const done = await send(body);
  if (!done) return;
  for (const id of ["collect", "tagging"]) document.getElementById(id).hidePopover();
  const text = done.said[0].toUpperCase() + done.said.slice(1);
  if (done.bulk) {
    toast(text);
    document.body.dispatchEvent(new Event("bulk-begun"));
  } else if (act === "trash" || act === "take_out") {
    for (const id of done.ids) document.querySelector(`.tile[data-result="${id}"]`)?.remove();
    toast(text, act === "trash" ? { label: "Undo", act: () => bringBack(done.ids) } : undefined);
  } else toast(text);
  if (act === "star") {
    for (const id of done.ids) {
      const star = document.querySelector(`.tile[data-result="${id}"] .tile-star`);
      star?.setAttribute("aria-pressed", "true");
      if (star) star.value = "0";
    }
  }
  clear();
});

async function bringBack(ids) {
  const body = new FormData(bar);
  body.set("act", "restore");
  for (const id of ids) body.append("result", id);
  if (await send(body)) location.reload();
}

bar.querySelector("[data-everything]").addEventListener("click", () => {
  everything = true;
  for (const tile of tiles()) mark(tile, true);
  draw();
});
bar.querySelector("[data-clear]").addEventListener("click", clear);
bar.querySelector("[data-zip]").addEventListener("click", (event) => {
  if (isEmpty()) refuseEmpty(event);
  else leaveFor(bar.dataset.archive);
});
if (switchOn) {
  switchOn.disabled = false;
  switchOn.addEventListener("click", () => {
    if (!bar.hidden) return clear();
    selecting = true;
    draw();
  });
}
document.getElementById("collect").addEventListener("toggle", (event) => {
  if (event.newState !== "open") return;
  const list = bar.querySelector("[data-list]");
  list.replaceChildren();
  for (const link of document.querySelectorAll(".collections a[href*='?collection=']")) {
    const row = Object.assign(document.createElement("label"), { className: "one" });
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "collection", value: new URL(link.href).searchParams.get("collection") });
    row.append(radio, link.textContent.trim());
    list.append(row);
  }
});
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open], :popover-open") || event.target.closest("input, textarea, select")) return;
  const tile = underHand();
  if (event.key === "Escape" && !bar.hidden) clear();
  else if (event.key.toLowerCase() === "x" && tile) tile.querySelector(".pick").dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
  else if (event.key === "a" && (event.ctrlKey || event.metaKey) && tiles().length) bar.querySelector("[data-everything]").click();
  else if (event.key === "Delete" && !bar.hidden) bar.requestSubmit(bar.querySelector("[value=trash]"));
  else return;
  event.preventDefault();
});
document.addEventListener("htmx:afterSettle", () => {
  if (!chosen.size) everything = false;
  dress();
  draw();
});
dress();
