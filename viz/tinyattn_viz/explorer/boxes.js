// Which boxes the overview shows at the moment: a unit, or the phase or time step that it is folded into.

const CLOSED = { width: 140, height: 52 };
const WORD = 30;  // height of a word
const HEAD = 30, PADDING = 14;  // of an open unit: above and around what is in it

const view = {
  open: new Set(),  // numbers of units
  lens: null,  // the unit that stepping opened, and will close again
  foldedPhases: new Set(),
  foldedSteps: new Set(),  // "phase column"
  zoom: 1,
};

const text2d = document.createElement("canvas").getContext("2d");
const measured = new Map();

function textWidth(text, font) {
  const key = `${font} ${text}`;
  if (!measured.has(key)) {
    text2d.font = font;
    measured.set(key, text2d.measureText(text).width);
  }
  return measured.get(key);
}

// The text, cut to a width.
function fit(text, width, font) {
  if (textWidth(text, font) <= width) return text;
  let low = 0, high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (textWidth(`${text.slice(0, middle)}…`, font) <= width) low = middle; else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

// May the time steps of a phase be folded: is there no bar between their rows?
const foldable = phases.map((phase, p) => {
  const own = units.filter((unit) => unit.phase === p);
  const rows = own.filter((unit) => unit.step !== null).map((unit) => unit.row);
  return phase.columns > 1 && new Set(rows).size > 1
    && !own.some((unit) => unit.step === null && unit.row > Math.min(...rows) && unit.row < Math.max(...rows));
});

// Long sentences stand above each other, so that their columns can be read; short ones side by side.
const STACKED = phases.reduce((sum, phase) => sum + phase.columns, 0) > 8;
const TITLE = 46;  // height of a phase's titles

// The grid's column and row that each phase begins at; the titles' row is the one that is read first.
function placePhases() {
  let column = 0, row = 0;
  const places = phases.map((phase, p) => {
    const columns = view.foldedPhases.has(p) ? 1 : phase.columns;
    const place = { column, row: row + (DATA.up ? 0 : 1), columns, title: DATA.up ? row + phase.rows : row };
    if (STACKED) row += phase.rows + 1; else column += columns;
    return place;
  });
  return {
    places,
    columnCount: Math.max(...places.map((place) => place.column + place.columns)),
    rowCount: Math.max(...places.map((place, p) => Math.min(place.row, place.title) + phases[p].rows + 1)),
  };
}

// Show a unit that is folded into its phase or time step; was it?
function unfold({ phase, columns }) {
  const wasPhase = view.foldedPhases.delete(phase), wasStep = view.foldedSteps.delete(`${phase} ${columns[0]}`);
  return wasPhase || wasStep;
}

function boxesAndEdges() {
  const boxes = new Map(), of = [];  // of: which box a unit is shown by
  const grid = placePhases();
  const add = (box) => { if (!boxes.has(box.id)) boxes.set(box.id, box); return box.id; };
  units.forEach((unit, number) => of.push(add(boxOf(unit, number, grid.places[unit.phase]))));
  phases.forEach((phase, p) => {
    const { column, columns, title, row } = grid.places[p];
    if (view.foldedPhases.has(p)) return;
    add({ id: `t${p}`, kind: "title", phase: p, columns: [column, column + columns - 1], rows: [title, title], width: 0, height: TITLE });
    addWords(phase, p, column, row, add);
  });
  return { boxes: [...boxes.values()], edges: edgesBetween(of), of, ...grid };
}

// What shows a unit: itself, or the phase or the time step it is folded into.
function boxOf(unit, number, { column, row }) {
  const p = unit.phase, key = `${p} ${unit.columns[0]}`;
  const span = (alike) => {
    const rows = units.filter((other) => other.phase === p && alike(other)).map((other) => other.row + row);
    return [Math.min(...rows), Math.max(...rows)];
  };
  if (view.foldedPhases.has(p)) {
    return { id: `p${p}`, kind: "phase", phase: p, columns: [column, column], rows: span(() => true), ...CLOSED, width: CLOSED.width + 30 };
  }
  if (unit.step !== null && view.foldedSteps.has(key)) {
    const at = column + unit.columns[0];
    return { id: `s${key}`, kind: "step", phase: p, step: unit.step, columns: [at, at], rows: span((other) => other.step === unit.step), ...CLOSED };
  }
  return unitBox(unit, number, column, row);
}

function unitBox(unit, number, shift, down) {
  const box = { id: `u${number}`, kind: "unit", unit, number, phase: unit.phase,
    columns: unit.columns.map((column) => column + shift), rows: [unit.row + down, unit.row + down], ...CLOSED };
  if (!view.open.has(number)) return box;
  const inside = layouts[unit.layout];
  box.width = Math.max(inside.width + 2 * PADDING, 190);
  box.height = inside.height + HEAD + PADDING;
  box.left = (box.width - inside.width) / 2;
  box.ins = {};
  box.outs = {};
  unit.keys.forEach((key, k) => {
    const [x, , width] = inside.nodes[k];
    if (key.startsWith("in")) box.ins[key.slice(2)] = box.left + x + width / 2;
    if (key.startsWith("out")) box.outs[key.slice(3)] = box.left + x + width / 2;
  });
  return box;
}

function addWords(phase, p, shift, down, add) {
  for (const [side, place] of [["first", 0], ["last", phase.out_row]]) {
    if (!phase[side]) continue;
    const row = place + down;
    words[phase[side]].forEach((word, index) => {
      add({ id: `w${p} ${side} ${index}`, kind: "word", phase: p, side, index, word, columns: [shift + index, shift + index],
        rows: [row, row], width: Math.max(46, textWidth(word, "15px sans-serif") + 26), height: WORD });
    });
  }
}

// The edges between boxes, once for each value; and those from and to the words.
function edgesBetween(of) {
  const edges = new Map();
  const add = (value, tail, head, kind, heads) => {
    const id = `${value} ${tail} ${head}`;
    if (tail === head) return;
    if (!edges.has(id)) edges.set(id, { id, value, tail, head, kind, units: [] });
    edges.get(id).units.push(heads);
  };
  for (const [value, tail, head] of DATA.edges) add(value, of[tail], of[head], "flow", head);
  phases.forEach((phase, p) => {
    if (view.foldedPhases.has(p)) return;
    const own = units.map((unit, number) => ({ ...unit, number })).filter((unit) => unit.phase === p);
    const at = (column, rows) => own.filter((unit) => unit.columns[0] <= column && column <= unit.columns[1] && rows(unit.row))
      .sort((a, b) => a.row - b.row);
    for (let c = 0; c < phase.columns; c++) {
      const entry = at(c, () => true)[0], exit = at(c, (row) => row < phase.out_row).at(-1);
      if (phase.first && entry) add(`first ${p} ${c}`, `w${p} first ${c}`, of[entry.number], "word", entry.number);
      if (phase.last && exit) add(`last ${p} ${c}`, of[exit.number], `w${p} last ${c}`, "word", exit.number);
      const said = phase.first && phase.last && words[phase.first][c + 1];
      if (said !== undefined && said === words[phase.last]?.[c]) add(`loop ${p} ${c}`, `w${p} last ${c}`, `w${p} first ${c + 1}`, "loop", null);
    }
  });
  return [...edges.values()];
}
