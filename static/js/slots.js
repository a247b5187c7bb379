// Pictures to start from: dropped, pasted, chosen, picked from the library or typed as an address.
const root = () => document.getElementById("composer");
const place = () => root()?.querySelector("[data-slots]");
const MOST = { mj_video: 1, mj_video_hd: 1 };
const KINDS = ["image/jpeg", "image/png", "image/webp"];

function say(text) {
  root().querySelector("[data-slot-error]").textContent = text;
}

function type() {
  return root().querySelector("[name=task_type]:checked")?.value;
}

// A picture was brought while the type takes none: the nearest type that does.
function makeRoom() {
  if (type() !== "mj_txt2img") return;
  const radio = root().querySelector("[name=task_type][value=mj_img2img]");
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
}

function tally() {
  const filled = [...place().querySelectorAll("[name=file_urls]")].filter((input) => input.value).length;
  const most = MOST[type()] ?? 5;
  const words = root().querySelector("[data-slot-count]");
  if (words) words.textContent = `${filled} of ${most}`;
  return most - filled;
}

function add(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const slot = holder.content.firstElementChild;
  place().insertBefore(slot, place().lastElementChild);
  slot.querySelector("[name=file_urls]").dispatchEvent(new Event("input", { bubbles: true }));
  tally();
  return slot;
}

function waiting(name) {
  const slot = document.createElement("div");
  slot.className = "slot pictured waiting";
  slot.innerHTML = '<progress max="100" value="0"></progress><button type="button" class="link">Cancel</button>';
  slot.querySelector("progress").setAttribute("aria-label", `Uploading ${name}`);
  place().insertBefore(slot, place().lastElementChild);
  return slot;
}

function upload(file) {
  makeRoom();
  if (tally() < 1) return say("There is no room for another picture.");
  if (!KINDS.includes(file.type)) return say("Only JPEG, PNG and WebP pictures can be used.");
  if (file.size > 10 * 1024 * 1024) return say("The picture is larger than 10 MB.");
  say("");
  const slot = waiting(file.name);
  const body = new FormData();
  body.append("file", file);
  body.append("csrfmiddlewaretoken", root().elements.csrfmiddlewaretoken.value);
  const request = new XMLHttpRequest();
  request.open("POST", root().querySelector("[data-library]").dataset.library);
  request.upload.addEventListener("progress", (event) => {
    slot.querySelector("progress").value = (100 * event.loaded) / event.total;
  });
  request.addEventListener("loadend", () => {
    slot.remove();
    if (request.status === 200) add(request.responseText);
    else if (request.status === 422) say(request.responseText);
    else if (request.status) say("The picture could not be taken just now. Try again.");
  });
  slot.querySelector("button").addEventListener("click", () => request.abort());
  request.send(body);
}

const picturesOf = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));

document.addEventListener("paste", (event) => {
  const pictures = picturesOf(event.clipboardData);
  if (!root() || !pictures.length) return;
  event.preventDefault();
  pictures.forEach(upload);
});

document.addEventListener("dragover", (event) => {
  if (root() && event.dataTransfer?.types.includes("Files")) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const pictures = picturesOf(event.dataTransfer);
  if (!root() || !pictures.length) return;
  event.preventDefault();
  pictures.forEach(upload);
});

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-file]")) return;
  [...event.target.files].forEach(upload);
  event.target.value = "";
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-empty], [data-pick]");
  if (!button?.closest("#composer")) return;
  if (button.dataset.pick) {
    pick(button);
    return;
  }
  const slot = button.closest("[data-slot]");
  if (slot === place().lastElementChild) slot.querySelector("input").value = "";
  else slot.remove();
  say("");
  tally();
});

function pick(button) {
  if (tally() < 1) return say("There is no room for another picture.");
  const slot = document.createElement("div");
  const picture = button.querySelector("img").cloneNode();
  slot.className = "slot pictured";
  slot.dataset.slot = "";
  const input = Object.assign(document.createElement("input"), { type: "hidden", name: "file_urls", value: button.dataset.pick });
  slot.append(picture, input, place().lastElementChild.querySelector("[data-empty]").cloneNode(true));
  add(slot.outerHTML);
  document.getElementById("library").hidePopover();
}

// The library is fetched when it is first opened.
document.addEventListener("beforetoggle", async (event) => {
  if (event.target.id !== "library" || event.newState !== "open") return;
  const headers = { "X-Space": root().elements.space.value };
  const answer = await fetch(root().querySelector("[data-library]").dataset.library, { headers });
  if (answer.ok) event.target.innerHTML = await answer.text();
}, true);

document.addEventListener("input", (event) => {
  if (event.target.closest?.("#composer")) tally();
});

if (root()) tally();
