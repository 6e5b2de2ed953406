// What is chosen, and how it shows: the chosen node or unit, the step of the pass, routes, and what a hand rests on.

const state = {
  chosen: null,  // {node} or {unit}
  step: 0,  // steps of the pass that were made
  from: null, to: null, route: null,  // ends like `chosen`, and the set of all nodes on the way
  linked: { row: null, column: null },  // of the attention table
};

// Units whose call made a row of the attention table, and back.
const rowOfUnit = new Map();
const columnOfUnit = new Map();  // units that read a source word
if (DATA.heat) {
  const perUnit = new Map();
  DATA.heat.calls.forEach((call, row) => {
    if (call !== null) perUnit.set(unitOfCall[call], [...(perUnit.get(unitOfCall[call]) || []), row]);
  });
  for (const [unit, rows] of perUnit) if (rows.length === 1) rowOfUnit.set(unit, rows[0]);
  units.forEach((unit, number) => {
    if (phases[unit.phase].first === "source" && unit.step !== null) columnOfUnit.set(number, unit.columns[0]);
  });
}

// The row of the table that a unit of the decoder belongs to.
function rowAt(unit) {
  const phase = phases[unit.phase];
  if (!DATA.heat || unit.step === null || phase.last !== "output") return null;
  return unit.columns[0] < DATA.heat.weights.length ? unit.columns[0] : null;
}

const current = () => (state.step > 0 ? pass[state.step - 1] : null);

function chosenUnits() {
  if (!state.chosen) return new Set();
  return new Set(state.chosen.unit !== undefined ? [state.chosen.unit] : unitsOf(state.chosen.node));
}

function linkedUnits() {
  const found = new Set(), { row, column } = state.linked;
  for (const [unit, r] of rowOfUnit) if (r === row) found.add(unit);
  for (const [unit, c] of columnOfUnit) if (c === column) found.add(unit);
  return found;
}

// Sets the classes of all that is drawn. The layout stays.
function mark() {
  const chosen = chosenUnits(), linked = linkedUnits(), step = current();
  const onRoute = state.route && new Set([...state.route].flatMap(unitsOf));
  graph.classList.toggle("routing", Boolean(state.route));
  graph.classList.toggle("backward", Boolean(step?.back));
  const shows = new Map();  // the units of each box
  drawn.of.forEach((id, unit) => (shows.has(id) ? shows.get(id).push(unit) : shows.set(id, [unit])));
  const on = new Set();  // ids of boxes whose edges stand out
  for (const box of drawn.boxes) {
    const made = drawn.boxElements.get(box.id);
    if (box.kind === "title") continue;
    if (box.kind === "word") {
      const isFrom = box.side === "first" && phases[box.phase].first === "source";
      const lit = isFrom ? state.linked.column === box.index : box.side === "last" && state.linked.row === box.index;
      made.classList.toggle("linked", lit);
      continue;
    }
    const inside = shows.get(box.id);
    made.classList.toggle("chosen", inside.some((unit) => chosen.has(unit)));
    made.classList.toggle("linked", inside.some((unit) => linked.has(unit)));
    made.classList.toggle("current", Boolean(step) && inside.includes(unitOfCall[step.call]));
    made.classList.toggle("route", Boolean(onRoute) && inside.some((unit) => onRoute.has(unit)));
    if (inside.some((unit) => chosen.has(unit))) on.add(box.id);
  }
  for (const [node, elements] of drawn.nodes) {
    for (const made of elements) {
      made.classList.toggle("chosen", state.chosen?.node === node);
      made.classList.toggle("current", Boolean(step) && node === `c${step.call}`);
      made.classList.toggle("route", Boolean(state.route?.has(node)));
      made.classList.toggle("end", node === state.from?.node || node === state.to?.node);
    }
  }
  for (const [edge, path] of drawn.edgeElements) {
    path.classList.toggle("route", Boolean(state.route) && onTheWay(edge));
    path.classList.toggle("on", edge.nodes ? edge.nodes.includes(state.chosen?.node) : edge.kind === "flow" && (on.has(edge.tail) || on.has(edge.head)));
    path.classList.toggle("linked", !edge.nodes && edge.kind === "flow" && edge.units.some((unit) => rowOfUnit.get(unit) === state.linked.row && state.linked.row !== null));
  }
  markTable();
}

// Is an edge part of the routes: does its value stand on one, and what it goes into as well?
function onTheWay(edge) {
  if (edge.nodes) return edge.nodes.every((node) => state.route.has(node));
  if (edge.kind !== "flow") return false;
  const node = nodeOfValue(edge.value);
  return state.route.has(node) && consumers(node).some((user) => state.route.has(user) && edge.units.includes(unitOfCall[numberOf(user)]));
}

// --- choosing ---------------------------------------------------------------

function choose(chosen) {
  state.chosen = chosen;
  linkTo(chosen);
  showCard();
  mark();
}

// The row and the column of the attention table that belong to what is chosen.
function linkTo(chosen) {
  const [number] = chosen.unit !== undefined ? [chosen.unit] : unitsOf(chosen.node);
  const unit = units[number];
  state.linked = { row: unit ? rowAt(unit) : null, column: columnOfUnit.get(number) ?? null };
}

// Choose a node, open the unit it stands in and bring it into sight.
function go(node, { lens = false } = {}) {
  const [unit] = unitsOf(node);
  reveal(unit, lens);
  choose({ node });
  rove(elementOf({ node }));
  bringIntoSight(elementOf({ node }));
}

// Open a unit, and unfold what it is folded into. A lens closes again when the next one opens.
function reveal(number, lens) {
  const unfolded = unfold(units[number]), stale = lens && view.lens !== null && view.lens !== number;
  if (stale) {
    view.open.delete(view.lens);
    view.lens = null;
  }
  const closed = !view.open.has(number);
  if (closed && lens) view.lens = number;
  view.open.add(number);
  if (unfolded || stale || closed) renderKeepingFocus();
}

function elementOf({ node, unit }) {
  if (node !== undefined) {
    const found = drawn.nodes.get(node) || [];
    return found.find((made) => !made.classList.contains("port")) || found[0];
  }
  const made = drawn.boxElements.get(drawn.of[unit]);
  return made?.querySelector(".head") || made;
}

function bringIntoSight(made) {
  if (!made) return;
  const box = made.getBoundingClientRect(), frame = scroller.getBoundingClientRect();
  const along = (start, end, low, high, size) => {
    const room = Math.min(60, size / 4);
    return start < low + room || end > high - room ? (start + end) / 2 - (low + high) / 2 : 0;
  };
  scroller.scrollBy(along(box.left, box.right, frame.left, frame.right, frame.width), along(box.top, box.bottom, frame.top, frame.bottom, frame.height));
}

// Draw again; a box that had the focus keeps it.
function renderKeepingFocus() {
  const had = graph.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  render();
  const made = had && [...graph.querySelectorAll("[role=button]")].find((other) => keyOf(other) === had);
  if (made) made.focus({ preventScroll: true });
  else if (had) focusOn(elementOf(state.chosen || { unit: 0 }));
}

const keyOf = (made) => JSON.stringify({ ...made.dataset });

function focusOn(made) {
  if (!made) return;
  rove(made);
  made.focus({ preventScroll: true });
}

// One box of the graph can be reached with Tab: the one that had the focus last.
function rove(made) {
  graph.querySelectorAll('[tabindex="0"]').forEach((other) => other.setAttribute("tabindex", -1));
  made?.setAttribute("tabindex", 0);
}

// --- routes -----------------------------------------------------------------

// An end is a node, or a unit with all that is in it. Which of them comes first in the graph does not matter.
function setEnd(which, end) {
  state[which] = end;
  state.route = null;
  let text = which === "from" ? `Routes from ${nameOf(end)}: now choose where to` : `Routes to ${nameOf(end)}: now choose where from`;
  if (state.from && state.to) {
    let found = routes(nodesOf(state.from), nodesOf(state.to));
    if (!found.size) {
      found = routes(nodesOf(state.to), nodesOf(state.from));
      if (found.size) [state.from, state.to] = [state.to, state.from];
    }
    const names = `from ${nameOf(state.from)} to ${nameOf(state.to)}`;
    state.route = found.size ? found : null;
    const count = [...found].filter(isCall).length;
    text = found.size ? `All routes ${names}: ${count} ops in ${new Set([...found].flatMap(unitsOf)).size} units` : `No route ${names}`;
  }
  const line = document.getElementById("route");
  line.replaceChildren(element("span", { text }), button("Clear", clearRoute));
  line.hidden = false;
  say(text);
  mark();
}

function clearRoute() {
  Object.assign(state, { from: null, to: null, route: null });
  document.getElementById("route").hidden = true;
  mark();
}

const nodesOf = ({ node, unit }) => (node !== undefined ? [node] : units[unit].calls.map((call) => `c${call}`));
const nameOf = ({ node, unit }) => (node !== undefined ? nodeName(node) : [units[unit].title, stepText(units[unit])].filter(Boolean).join(" "));
