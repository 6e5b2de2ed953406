// The attention as a table: a row for each word that came out, a column for each source word.

const HEAT = { light: [[247, 251, 255], [8, 69, 148]], dark: [[22, 34, 46], [108, 190, 255]] };
const ABOUT = "each word that came out, and the source words it looks at";
let cells = [];

const cellText = (row, column) => `${DATA.heat.target[row]} looks at ${DATA.heat.source[column]}: ${DATA.heat.weights[row][column].toFixed(2)}`;

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function colourOf(weight) {
  const [low, high] = HEAT[isDark() ? "dark" : "light"];
  return low.map((part, k) => Math.round(part + (high[k] - part) * Math.sqrt(weight) ** 1.4));
}

const rgb = (colour) => `rgb(${colour.join(" ")})`;

// Black or white, whichever can be read better on a colour.
function inkOn(colour) {
  const [r, g, b] = colour.map((part) => { const c = part / 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#ffffff" : "#000000";
}

function showAttention() {
  const { heat } = DATA;
  if (!heat) return;
  const section = document.getElementById("attention");
  section.hidden = false;
  const head = element("tr", {}, element("td"), ...heat.source.map((word) => element("th", { scope: "col" }, element("bdi", { text: word }))));
  const size = heat.source.length > 10 ? "tiny" : heat.source.length > 6 ? "long" : "";
  cells = [];
  const body = heat.target.map((word, row) => {
    const own = heat.weights[row].map((weight, column) => {
      const made = element("button", { type: "button", tabindex: row + column ? -1 : 0, text: size === "tiny" ? "" : weight.toFixed(2), "aria-label": cellText(row, column) });
      made.addEventListener("click", () => showCell(row, column));
      made.addEventListener("focus", () => linkCell(row, column));
      made.addEventListener("pointerenter", () => linkCell(row, column));
      made.addEventListener("pointerleave", unlinkCell);
      made.addEventListener("blur", unlinkCell);
      made.addEventListener("keydown", (event) => moveCell(event, row, column));
      return made;
    });
    cells.push(own);
    return element("tr", {}, element("th", { scope: "row" }, element("bdi", { text: word })), ...own.map((made) => element("td", {}, made)));
  });
  const table = element("table", { class: size, dir: heat.rtl ? "rtl" : "ltr", "aria-labelledby": "attention-title" }, element("thead", {}, head), element("tbody", {}, ...body));
  section.replaceChildren(
    element("div", { class: "bar" }, element("h2", { id: "attention-title", text: "Attention" }), element("p", { class: "legend", id: "cell", text: ABOUT })),
    element("div", { class: "table" }, table));
  paintTable();
}

function paintTable() {
  cells.forEach((own, row) => own.forEach((made, column) => {
    const colour = colourOf(DATA.heat.weights[row][column]);
    made.style.backgroundColor = rgb(colour);
    made.style.color = DATA.heat.weights[row][column] < 0.05 ? "var(--muted)" : inkOn(colour);
  }));
}

function paintStrips() {
  for (const strip of graph.querySelectorAll(".strip")) strip.setAttribute("fill", rgb(colourOf(Number(strip.dataset.weight))));
}

let lit = [];  // the cells that are marked

function markTable() {
  const { row, column } = state.linked;
  lit.forEach((made) => made.classList.remove("linked"));
  lit = cells.flatMap((own, r) => (r === row ? own : column === null ? [] : [own[column]]));
  lit.forEach((made) => made.classList.add("linked"));
}

function linkCell(row, column) {
  document.getElementById("cell").textContent = cellText(row, column);
  state.linked = { row, column };
  mark();
}

function unlinkCell() {
  document.getElementById("cell").textContent = ABOUT;
  if (state.chosen) linkTo(state.chosen); else state.linked = { row: null, column: null };
  mark();
}

// Where a weight comes from: the attention of its step, with both words marked.
function showCell(row, column) {
  const call = DATA.heat.calls[row];
  if (call === null) return;
  const unit = unitOfCall[call];
  if (rowOfUnit.get(unit) === row) {
    state.chosen = { unit };
    if (unfold(units[unit])) render();
    bringIntoSight(elementOf({ unit }));
  } else go(`c${call}`);
  state.linked = { row, column };
  showCard();
  mark();
}

function moveCell(event, row, column) {
  const along = DATA.heat.rtl ? -1 : 1;
  const moves = { ArrowRight: [0, along], ArrowLeft: [0, -along], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -column], End: [0, cells[row].length - 1 - column] };
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  event.stopPropagation();
  const next = cells[row + move[0]]?.[column + move[1]];
  if (!next) return;
  cells[row][column].setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
}
