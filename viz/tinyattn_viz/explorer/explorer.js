// The page at work: keys, buttons, the steps of the pass, search and themes.

const $ = (id) => document.getElementById(id);
const say = (text) => { $("status").textContent = text; };

// --- the pass ---------------------------------------------------------------

function goToStep(number) {
  const before = state.step;
  state.step = Math.min(pass.length, Math.max(0, number));
  $("position").value = state.step;
  const step = current();
  if (step) go(`c${step.call}`, { lens: true });
  else if (before) { closeLens(); state.chosen = null; state.linked = { row: null, column: null }; showCard(); mark(); }
  say(stepLine());
}

function stepLine() {
  const step = current();
  if (!step) return `Start: ${forwardSteps.length} ops forward${backwardSteps.length ? `, ${backwardSteps.length} backward` : "; there was no backward pass"}`;
  const { call, back } = step, unit = units[unitOfCall[call]], [k] = calls[call].outputs;
  const place = back ? `Backward ${state.step - forwardSteps.length} of ${backwardSteps.length}` : `Forward ${state.step} of ${forwardSteps.length}`;
  const gradient = values[k].gradient?.rows?.flat();
  const number = back ? (gradient && gradient.length <= 4 ? `dL/dy = ${gradient.join("  ")}` : values[k].shape) : brief(k);
  return `${place}: ${callName(call)} = ${number} · ${placeText(unit)}`.replace(` = dL`, `, dL`);
}

function closeLens() {
  if (view.lens === null) return;
  view.open.delete(view.lens);
  view.lens = null;
  renderKeepingFocus();
}

// --- the graph --------------------------------------------------------------

function toggleUnit(number) {
  if (!view.open.delete(number)) view.open.add(number);
  if (view.lens === number) view.lens = null;
  renderKeepingFocus();
  choose({ unit: number });
  bringIntoSight(elementOf({ unit: number }));
}

function toggleFold(set, key) {
  if (!set.delete(key)) set.add(key);
  renderKeepingFocus();
}

function act(made, { shift = false, twice = false } = {}) {
  const { unit, node, word, foldPhase, foldStep } = made.dataset;
  if (foldPhase !== undefined) return toggleFold(view.foldedPhases, Number(foldPhase));
  if (foldStep !== undefined) return toggleFold(view.foldedSteps, foldStep);
  if (word !== undefined) return chooseWord(word);
  const target = node !== undefined ? { node } : { unit: Number(unit) };
  if (shift && state.chosen) {
    setEnd("from", state.chosen);
    setEnd("to", target);
    return choose(target);
  }
  if (node !== undefined) return made.classList.contains("port") ? go(node) : choose({ node });
  return twice || state.chosen?.unit === target.unit ? toggleUnit(target.unit) : choose(target);
}

// A word stands for the unit that reads it, or that it comes out of.
function chooseWord(key) {
  const [p, side, index] = key.split(" ");
  const own = units.map((unit, number) => ({ unit, number })).filter(({ unit }) => unit.phase === Number(p) && unit.step !== null && unit.columns[0] === Number(index));
  const found = side === "first" ? own[0] : own.filter(({ unit }) => unit.row < phases[p].out_row).at(-1);
  if (found) choose({ unit: found.number });
}

// On the frame around the drawing: an SVG that listens for the focus would be a stop for Tab itself.
scroller.addEventListener("click", (event) => {
  const made = event.target.closest("[role=button]");
  if (made) act(made, { shift: event.shiftKey });
});
scroller.addEventListener("focusin", (event) => {
  const made = event.target.closest("[role=button]");
  if (made) rove(made);
});
scroller.addEventListener("keydown", (event) => {
  const made = event.target.closest("[role=button]");
  if (!made || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") act(made, { twice: event.key === "Enter" && !event.shiftKey, shift: event.shiftKey });
  else if (event.key === "ArrowUp" || event.key === "ArrowDown") moveFocus(made, event.key === "ArrowUp" ? -1 : 1);
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// The focus goes to the nearest box above or below.
function moveFocus(made, sign) {
  const from = made.getBoundingClientRect();
  let best = null, least = Infinity;
  for (const other of graph.querySelectorAll("[role=button]")) {
    const to = other.getBoundingClientRect();
    const down = sign * ((to.top + to.bottom) - (from.top + from.bottom)) / 2;
    if (down < 4 || other === made) continue;
    const aside = Math.max(0, to.left - from.right, from.left - to.right);
    const far = down + 3 * aside + 0.2 * Math.abs(to.left + to.right - from.left - from.right);
    if (far < least) { least = far; best = other; }
  }
  if (best) { focusOn(best); bringIntoSight(best); }
}

// Dragging the ground moves the picture.
let drag = null;
scroller.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "mouse" && event.button === 0 && !event.target.closest("[role=button]")) drag = { x: event.clientX, y: event.clientY };
});
addEventListener("pointermove", (event) => {
  if (!drag) return;
  scroller.scrollBy(drag.x - event.clientX, drag.y - event.clientY);
  drag = { x: event.clientX, y: event.clientY };
});
addEventListener("pointerup", () => { drag = null; });

// --- search -----------------------------------------------------------------

const searchable = [
  ...units.map((unit, number) => ({ text: `${unit.title} ${unit.path} ${stepText(unit)} ${wordsAt(unit)}`, label: [unit.title, stepText(unit), wordsAt(unit)].filter(Boolean).join(" · "), kind: "module", open: () => showUnit(number) })),
  ...calls.map((call, number) => ({ text: `${callName(number)} ${call.path} step ${call.step} ${wordsAt(units[unitOfCall[number]])}`, label: `${callName(number)} · ${placeText(units[unitOfCall[number]])}`, kind: "op", open: () => go(`c${number}`) })),
  ...values.flatMap((value, k) => (value.call === null && usersOf[k].length ? [{ text: `${value.name} ${value.kind}`, label: value.name || value.kind, kind: value.kind, open: () => go(`v${k}`) }] : [])),
].map((entry) => ({ ...entry, text: entry.text.toLowerCase() }));

function showUnit(number) {
  if (unfold(units[number])) render();
  choose({ unit: number });
  bringIntoSight(elementOf({ unit: number }));
}

function search() {
  const asked = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean), found = $("found");
  found.hidden = !asked.length;
  if (!asked.length) return;
  const matches = searchable.filter((entry) => asked.every((word) => entry.text.includes(word)));
  const items = matches.slice(0, 60).map((entry) => button("", () => { closeSearch(); entry.open(); }, { class: "hit" }));
  items.forEach((made, k) => made.append(element("span", { class: "kind", text: matches[k].kind }), element("bdi", { text: matches[k].label })));
  found.replaceChildren(element("p", { class: "hint", text: `${matches.length} found${matches.length > 60 ? ", the first 60" : ""}` }), ...items);
  say(`${matches.length} found`);
}

function closeSearch() {
  $("found").hidden = true;
}

$("search").addEventListener("input", search);
$("search").addEventListener("focus", search);
document.querySelector(".search").addEventListener("keydown", (event) => {
  const hits = [...document.querySelectorAll("#found .hit")], at = hits.indexOf(document.activeElement);
  if (event.key === "Escape") { closeSearch(); $("search").focus(); closeSearch(); }
  else if (event.key === "ArrowDown") hits[Math.min(at + 1, hits.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (at > 0 ? hits[at - 1] : $("search")).focus();
  else if (event.key === "Enter" && at < 0) hits[0]?.click();
  else return;
  event.preventDefault();
  event.stopPropagation();
});
document.addEventListener("pointerdown", (event) => { if (!event.target.closest(".search")) closeSearch(); });
document.querySelector(".search").addEventListener("focusout", (event) => { if (event.relatedTarget && !event.relatedTarget.closest(".search")) closeSearch(); });

// --- keys and buttons -------------------------------------------------------

const KEYS = {
  ArrowRight: () => goToStep(state.step + 1), ArrowLeft: () => goToStep(state.step - 1),
  Home: () => goToStep(0), End: () => goToStep(pass.length), Escape: clearRoute,
};
const LETTERS = {
  j: KEYS.ArrowRight, k: KEYS.ArrowLeft, "/": () => $("search").focus(), "?": () => $("help").showModal(),
  f: () => state.chosen && setEnd("from", state.chosen), t: () => state.chosen && setEnd("to", state.chosen),
  "+": () => setZoom(view.zoom * 1.2), "-": () => setZoom(view.zoom / 1.2), 0: zoomToFit,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("help").open || event.target.matches("input:not([type=checkbox])")) return;
  const doIt = KEYS[event.key] || ($("letters").checked && LETTERS[event.key]);
  if (!doIt) return;
  event.preventDefault();
  doIt();
});

for (const [id, doIt] of Object.entries({
  first: KEYS.Home, previous: KEYS.ArrowLeft, next: KEYS.ArrowRight, last: KEYS.End,
  "zoom-in": LETTERS["+"], "zoom-out": LETTERS["-"], "zoom-fit": zoomToFit, "help-button": LETTERS["?"],
  "close-all": () => { view.open.clear(); view.lens = null; renderKeepingFocus(); }, theme: switchTheme,
})) $(id).addEventListener("click", doIt);
$("position").addEventListener("input", () => goToStep(Number($("position").value)));

function switchTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
}

function nameTheme() {
  $("theme").textContent = isDark() ? "Light" : "Dark";
  paintTable();
  paintStrips();
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);

// --- the start --------------------------------------------------------------

function legend() {
  const kinds = [["op", "op"], ["parameter", "parameter"], ["input", "input"], ["constant", "constant"]];
  $("legend").append(...kinds.map(([kind, text]) => element("span", { class: "key" },
    svg("svg", { width: 22, height: 14, viewBox: "-1 -1 46 30", "aria-hidden": "true" }, svg("g", { class: `node ${kind}` }, svg("path", { class: "body", d: SHAPES[kind](44, 28) }))), element("span", { text }))));
}

$("title").append(...DATA.title.split(" → ").flatMap((part, k) => [k ? element("span", { class: "arrow", text: " → " }) : null, element("bdi", { text: part })]).filter(Boolean));
$("position").max = pass.length;
graph.append(markers(), ground, wires, blocks);
legend();
showAttention();
showBeam();
showCard();
render();
zoomToFit();
if (view.zoom < 0.62) setZoom(0.7);
if (DATA.up) scroller.scrollTop = scroller.scrollHeight;
nameTheme();
say(stepLine());
performance.mark("ready");
