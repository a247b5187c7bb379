// Colour in the prompt. A textarea has one colour, so a layer behind it repeats the text and its own letters are clear.
const FLAG = /(?<!\S)(?:--|\u2014|\u2013)[A-Za-z]+(?!\S)(?:[ \t]+(?!--|\u2014|\u2013)[^\s{}]+)?/gu;
let drawn = null;

// The places of the braces and commas of groups that really unfold: nested or not, escapes left out.
function grouping(text) {
  const places = new Set();
  const open = [];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "\\" && "{},".includes(text[at + 1] ?? " ")) at += 1;
    else if (letter === "{") open.push([at]);
    else if (letter === "," && open.length) open.at(-1).push(at);
    else if (letter === "}" && open.length) {
      const group = open.pop();
      if (group.length > 1) for (const place of [...group, at]) places.add(place);
    }
  }
  return places;
}

function pieces(text) {
  const groups = grouping(text);
  const kinds = new Array(text.length).fill("");
  for (const found of text.matchAll(FLAG)) kinds.fill("flag", found.index, found.index + found[0].length);
  for (const place of groups) kinds[place] = "brace";
  const parts = [];
  for (let start = 0, at = 1; at <= text.length; at += 1) {
    if (at < text.length && kinds[at] === kinds[start]) continue;
    parts.push([kinds[start], text.slice(start, at)]);
    start = at;
  }
  return parts;
}

function draw() {
  const layer = document.querySelector("[data-mirror]");
  const prompt = document.getElementById("prompt");
  if (!layer || !prompt) return;
  layer.parentElement.classList.add("mirrored");
  if (drawn?.layer !== layer || drawn.text !== prompt.value) {
    const parts = pieces(prompt.value).map(([kind, text]) => {
      if (!kind) return text;
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = text;
      return part;
    });
    // A last empty line has no height without a letter in it.
    layer.replaceChildren(...parts, "\u200b");
    drawn = { layer, text: prompt.value };
  }
  layer.scrollTop = prompt.scrollTop;
}

// Flags that the controls write and prompts out of the history come without an input event of the text's own.
for (const name of ["input", "click", "keyup", "scroll", "htmx:afterSwap", "focusin"]) {
  document.addEventListener(name, () => requestAnimationFrame(draw), { capture: true, passive: true });
}
draw();
