// What the text means while it is typed: flags move the controls, braces unfold to a list, the button counts it all.
// The server reads the text (it alone knows the grammar); this only carries what it says to the page.
const PAUSE = 140;
const TELLING = /(^|\s)(--|\u2014|\u2013)[A-Za-z]|\{/;
const root = () => document.getElementById("composer");
let told = null;
let timer = 0;
let asked = 0;

function plan(pause = PAUSE) {
  // What is still under way was about a text, or a control, that is gone.
  asked += 1;
  clearTimeout(timer);
  timer = setTimeout(read, pause);
}

async function read() {
  const form = root();
  if (!form) return;
  if (!told && !TELLING.test(form.elements.prompt.value)) return;
  const mine = (asked += 1);
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value).replaceAll("\r\n", "\n"));
  const answer = await fetch(form.dataset.read, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (!answer.ok || mine !== asked) return;
  show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

function show(page) {
  const isOpen = document.getElementById("checklist")?.matches(":popover-open");
  for (const id of ["notes", "unfolded"]) document.getElementById(id)?.replaceWith(page.getElementById(id));
  const wasList = told?.isList;
  told = JSON.parse(document.getElementById("notes").dataset.reading);
  if (isOpen) document.getElementById("checklist")?.showPopover();
  letGo();
  for (const [name, value] of Object.entries(told.values)) follow(name, value);
  const form = root();
  const word = form.querySelector("[data-generate]");
  if (word) word.textContent = told.isList ? `Generate ${told.count}` : "Generate";
  const cost = form.querySelector("[data-cost]");
  if (cost && told.isList) cost.textContent = told.cost;
  else if (wasList) form.elements.prompt.dispatchEvent(new Event("input", { bubbles: true }));
  form.querySelector("[data-as-text]").hidden = !told.asText;
}

// What each control stood at before a flag moved it.
const before = new Map();

// A flag that is gone from the text takes its value along: a deleted --turbo must not go on costing.
function letGo() {
  for (const [name, value] of before) {
    if (name in told.places) continue;
    before.delete(name);
    move(name, value);
  }
}

// A control takes the value that its flag says; the text and the caret stay as they are.
function follow(name, value) {
  const control = root().elements[name];
  if (!control) return;
  // A page that comes with a flag in its text comes with the flag's value in the control.
  if (!before.has(name)) before.set(name, control.value === value ? told.usual[name] : control.value);
  move(name, value);
}

function move(name, value) {
  const control = root().elements[name];
  if (control instanceof RadioNodeList) {
    const radio = [...control].find((each) => each.value === value);
    if (!radio || radio.checked) return;
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (control.value !== value) {
    control.value = value;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// A control moved by hand rewrites its flag, so that the text never says something else.
function rewrite(name, value) {
  const place = told?.places?.[name];
  const prompt = root().elements.prompt;
  if (!place) return;
  const was = prompt.value.slice(...place);
  const flag = name === "speed" ? { relaxed: "--relax" }[value] ?? `--${value}` : withValue(was, name, value);
  prompt.setRangeText(flag, place[0], place[1], "preserve");
  // The next reading is a moment away, and a fader under the hand does not wait for it.
  const longer = flag.length - was.length;
  for (const other of Object.values(told.places)) {
    if (other[0] > place[0]) other.forEach((at, index) => (other[index] = at + longer));
  }
  place[1] += longer;
}

function withValue(was, name, value) {
  const word = name === "version" ? (value.startsWith("niji") ? "--niji" : "--v") : was.split(/\s/)[0];
  return `${word} ${value.replace("niji", "")}`;
}

document.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.closest?.("#composer") || !event.isTrusted) return;
  const name = input.dataset.for ?? input.name;
  if (name && name !== "prompt" && name !== "row") rewrite(name, input.value);
  plan(name === "row" ? 0 : PAUSE);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-remove], [data-tick], [data-as-text]");
  if (!button?.closest("#composer")) return;
  const prompt = root().elements.prompt;
  if (button.dataset.remove) {
    const [start, end] = button.dataset.remove.split(",").map(Number);
    prompt.setRangeText("", start > 0 ? start - 1 : start, end, "end");
    prompt.focus();
  } else if (button.dataset.tick) {
    for (const box of root().querySelectorAll("[name=row]")) box.checked = button.dataset.tick === "all";
  } else if (told?.asText) {
    prompt.value = `${prompt.value.trimEnd()} ${told.asText}`.trimStart();
    prompt.focus();
  }
  plan(0);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "composer") plan(0);
});

plan(0);
