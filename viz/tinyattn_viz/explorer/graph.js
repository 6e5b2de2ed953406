// Draws the overview and what is inside open units, and marks in it what is chosen.

const graph = document.getElementById("graph");
const scroller = document.getElementById("scroller");
const NODE_FONT = "600 13px sans-serif", SMALL_FONT = "11px monospace";
const ground = svg("g"), wires = svg("g"), blocks = svg("g");
let drawn = { boxes: [], edges: [], of: [], nodes: new Map(), boxElements: new Map(), edgeElements: [] };
let kept = new Map();  // what was drawn before, by what it shows: most of it stays when one box opens

function render() {
  const shown = boxesAndEdges();
  const size = layOut(shown.boxes, shown.edges, shown.columnCount, shown.rowCount, DATA.up);
  drawn = { ...shown, size, width: size.width, height: size.height, nodes: new Map(), boxElements: new Map(), edgeElements: [] };
  const before = kept;
  kept = new Map();
  const keep = (key, make) => {
    kept.set(key, before.get(key) || make());
    return kept.get(key);
  };
  ground.replaceChildren(...phases.map((phase, p) => band(phase, p, size)));
  put(wires, shown.edges.map((edge) => {
    const path = keep(edge.id, () => svg("path", { class: `edge ${edge.kind}` }));
    path.setAttribute("d", edge.path);
    drawn.edgeElements.push([edge, path]);
    return path;
  }));
  put(blocks, shown.boxes.filter((box) => box.kind !== "title").sort(byPlace).map((box) => {
    const isOpen = box.kind === "unit" && view.open.has(box.number);
    const made = isOpen ? openElement(box) : keep(`${box.id} ${box.width}`, () => boxElement(box));
    made.setAttribute("transform", `translate(${box.x} ${box.y})`);
    drawn.boxElements.set(box.id, made);
    return made;
  }));
  graph.setAttribute("viewBox", `0 0 ${drawn.width} ${drawn.height}`);
  setZoom(view.zoom);
  if (graph.querySelectorAll('[tabindex="0"]').length !== 1) rove((state.chosen && elementOf(state.chosen)) || graph.querySelector("[data-unit]"));
  mark();
}

// Make these the children of a group, and move none that stands right.
function put(group, wanted) {
  const all = new Set(wanted);
  for (const child of [...group.childNodes]) if (!all.has(child)) child.remove();
  let at = group.firstChild;
  for (const made of wanted) {
    if (made === at) at = at.nextSibling;
    else group.insertBefore(made, at);
  }
}

const byPlace = (a, b) => a.columns[0] - b.columns[0] || a.rows[0] - b.rows[0];

function setZoom(zoom) {
  view.zoom = Math.min(2.5, Math.max(0.2, zoom));
  graph.setAttribute("width", Math.round(drawn.width * view.zoom));
  graph.setAttribute("height", Math.round(drawn.height * view.zoom));
}

function zoomToFit() {
  setZoom(Math.min(1, (scroller.clientWidth - 4) / drawn.width, (scroller.clientHeight - 4) / drawn.height));
}

function markers() {
  const arrow = (id) => svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" },
    svg("path", { d: "M0 0.8 L7.4 4 L0 7.2 Z", class: id }));
  return svg("defs", {}, arrow("arrow"), arrow("arrow-on"), arrow("arrow-loop"), arrow("arrow-route"));
}

// --- phases ---------------------------------------------------------------

// The ground a phase stands on, with its title and those of its steps.
function band(phase, p, size) {
  const { column, columns } = drawn.places[p];
  const { left, widths, gutters } = size.columns;
  const last = column + columns - 1, own = drawn.boxes.filter((box) => box.phase === p);
  const x = left[column] - gutters[column] / 2 + 3, width = left[last] + widths[last] + gutters[last + 1] / 2 - 3 - x;
  const top = Math.min(...own.map((box) => box.y)) - 6, bottom = Math.max(...own.map((box) => box.y + box.height)) + 12;
  const group = svg("g", {}, svg("rect", { class: "band", x, y: top, width, height: bottom - top, rx: 10 }));
  if (view.foldedPhases.has(p)) return group;
  const y = own.find((box) => box.kind === "title").y;
  if (phases.length > 1) {
    const text = `▾ ${fit(phase.title, Math.max(60, width - 40), NODE_FONT)}`;
    group.append(toggle("fold-phase", p, x + 8, y, textWidth(text, NODE_FONT) + 14, text, `Phase ${phase.title}`, true, "phase-title"));
  }
  for (let c = 0; phase.columns > 1 && c < phase.columns; c++) {
    const middle = left[column + c] + widths[column + c] / 2, key = `${p} ${c}`, isFolded = view.foldedSteps.has(key);
    const step = units.find((unit) => unit.phase === p && unit.step !== null && unit.columns[0] === c).step;
    group.append(foldable[p]
      ? toggle("fold-step", key, middle - 32, y + 23, 64, `${isFolded ? "▸" : "▾"} step ${step}`, `${phase.title}, step ${step}`, !isFolded, "step-title")
      : svg("text", { class: "step-title", x: middle, y: y + 38, "text-anchor": "middle", text: `step ${step}` }));
  }
  return group;
}

function toggle(kind, key, x, y, width, text, label, expanded, look) {
  return svg("g", { class: "toggle", role: "button", tabindex: -1, "aria-label": label, "aria-expanded": String(expanded), [`data-${kind}`]: key },
    svg("rect", { x, y, width, height: 21, rx: 6 }),
    svg("text", { class: look, x: x + width / 2, y: y + 15, "text-anchor": "middle", text }));
}

// --- boxes ----------------------------------------------------------------

const boxElement = (box) => (box.kind === "word" ? wordElement(box) : box.kind === "unit" ? closedElement(box) : foldedElement(box));

function wordElement(box) {
  const step = box.index, role = box.side === "last" ? "word that came out" : `${phases[box.phase].first} word`;
  return svg("g", { class: `word ${box.side}`, role: "button", tabindex: -1, "aria-label": `${role} ${step}: ${box.word}`, "data-word": `${box.phase} ${box.side} ${box.index}` },
    svg("rect", { width: box.width, height: box.height, rx: box.height / 2 }),
    svg("text", { x: box.width / 2, y: 20, "text-anchor": "middle", direction: "ltr", text: box.word }));
}

function foldedElement(box) {
  const isPhase = box.kind === "phase";
  const name = isPhase ? phases[box.phase].title : `step ${box.step}`;
  const own = units.filter((unit) => unit.phase === box.phase && (isPhase || unit.step === box.step));
  const about = `${own.reduce((sum, unit) => sum + unit.calls.length, 0)} ops`;
  return svg("g", { class: "unit folded", role: "button", tabindex: -1, "aria-expanded": "false", "aria-label": `${name}, ${about}, folded`,
    [isPhase ? "data-fold-phase" : "data-fold-step"]: box.id.slice(1) },
  svg("rect", { class: "shadow", x: 4, y: 4, width: box.width, height: box.height, rx: 8 }),
  svg("rect", { class: "body", width: box.width, height: box.height, rx: 8 }),
  svg("text", { class: "title", x: 12, y: 22, text: fit(name, box.width - 24, NODE_FONT) }),
  svg("text", { class: "about", x: 12, y: 40, text: about }));
}

const opsText = (unit) => (unit.calls.length === 1 ? callName(unit.calls[0]) : `${unit.calls.length} ops`);

function unitLabel(unit) {
  const at = [unit.title, unit.path && unit.path !== unit.title ? unit.path : "", stepText(unit), wordsAt(unit), opsText(unit)];
  return at.filter(Boolean).join(", ");
}

function closedElement(box) {
  const { unit } = box;
  const row = rowOfUnit.get(box.number);
  const group = svg("g", { class: "unit", role: "button", tabindex: -1, "aria-expanded": "false", "aria-label": unitLabel(unit), "data-unit": box.number },
    svg("rect", { class: "body", width: box.width, height: box.height, rx: 8 }),
    svg("text", { class: "title", x: 12, y: 21, text: fit(unit.title, box.width - 34, NODE_FONT) }),
    svg("text", { class: "sign", x: box.width - 12, y: 21, "text-anchor": "end", "aria-hidden": "true", text: "+" }));
  if (row === undefined) {
    group.append(svg("text", { class: "about", x: 12, y: 39, text: fit(leavingText(unit), box.width - 22, SMALL_FONT) }));
  } else {
    group.append(...strip(DATA.heat.weights[row], box.width - 24));
  }
  return group;
}

// The weights of the attention in a row, as in the table; those that nobody could see are left out.
function strip(weights, width) {
  const each = width / weights.length;
  const seen = weights.flatMap((weight, j) => (weight < 0.02 ? [] : [svg("rect", {
    class: "strip", "data-weight": weight, fill: rgb(colourOf(weight)), x: 12 + (DATA.heat.rtl ? weights.length - 1 - j : j) * each, y: 30, width: each, height: 12 })]));
  return [...seen, svg("rect", { class: "frame", x: 12, y: 30, width, height: 12 })];
}

// What a unit hands on: the names of its values, or how many ops it has.
function leavingText(unit) {
  const names = unit.keys.filter((key) => key.startsWith("out")).map((key) => values[key.slice(3)].name).filter(Boolean);
  const ops = unit.calls.length === 1 ? calls[unit.calls[0]].op : `${unit.calls.length} ops`;
  return names.length ? `${ops} → ${[...new Set(names)].join(", ")}` : ops;
}

function openElement(box) {
  const { unit } = box, inside = layouts[unit.layout];
  const flip = (y, height) => (DATA.up ? inside.height - y - height : y);
  const paths = svg("g", { transform: DATA.up ? `translate(0 ${inside.height}) scale(1 -1)` : null });
  inside.edges.forEach((d, k) => {
    const path = svg("path", { d, class: "edge flow" });
    const [tail, head] = unit.ends[k].map((end) => nodeOfKey(unit.keys[end]));
    drawn.edgeElements.push([{ nodes: [tail, head] }, path]);
    paths.append(path);
  });
  const content = svg("g", { transform: `translate(${box.left} ${HEAD})` }, paths);
  unit.keys.forEach((key, k) => {
    const [x, y, width, height] = inside.nodes[k];
    const made = /^(in|out)/.test(key) ? portElement(key, width, height) : nodeElement(key, width, height);
    made.setAttribute("transform", `translate(${x} ${flip(y, height)})`);
    content.append(made);
  });
  return svg("g", { class: "open", role: "group", "aria-label": unitLabel(unit) },
    svg("rect", { class: "body", width: box.width, height: box.height, rx: 10 }),
    svg("g", { class: "unit head", role: "button", tabindex: -1, "aria-expanded": "true", "aria-label": unitLabel(unit), "data-unit": box.number },
      svg("rect", { class: "grip", width: box.width, height: HEAD - 2, rx: 10 }),
      svg("text", { class: "title", x: 14, y: 20, text: fit([unit.title, stepText(unit)].filter(Boolean).join(" · "), box.width - 44, NODE_FONT) }),
      svg("text", { class: "sign", x: box.width - 14, y: 20, "text-anchor": "end", "aria-hidden": "true", text: "−" })),
    content);
}

// The node that a key of an inside stands for: at its edges, the one that makes the value.
const nodeOfKey = (key) => (/^(in|out)/.test(key) ? nodeOfValue(Number(key.replace(/\D+/, ""))) : key);

function nodeElement(node, width, height) {
  const number = numberOf(node);
  const kind = isCall(node) ? "op" : values[number].kind;
  const value = isCall(node) ? calls[number].outputs[0] : number;
  const [bold, name] = isCall(node) ? [calls[number].op, calls[number].outputs.map((k) => values[k].name).filter(Boolean).join(", ")]
    : [values[number].name.split(".").pop() || kind, ""];
  const title = svg("text", { class: "title", x: 12, y: 19, text: fit(bold, width - 22, NODE_FONT) });
  if (name) title.append(svg("tspan", { class: "name", dx: 6, text: fit(name, width - 30 - textWidth(bold, NODE_FONT), NODE_FONT) }));
  const made = svg("g", { class: `node ${kind}`, role: "button", tabindex: -1, "aria-label": `${isCall(node) ? "op" : kind} ${nodeName(node)}, ${brief(value)}`, "data-node": node },
    svg("path", { class: "body", d: SHAPES[kind](width, height) }), title,
    svg("text", { class: "about", x: 12, y: 36, text: fit(brief(value), width - 22, SMALL_FONT) }));
  noteNode(node, made);
  return made;
}

function noteNode(node, made) {
  if (!drawn.nodes.has(node)) drawn.nodes.set(node, []);
  drawn.nodes.get(node).push(made);
}

// Told apart by shape as well as by colour.
const SHAPES = {
  op: (w, h) => `M8 0H${w - 8}Q${w} 0 ${w} 8V${h - 8}Q${w} ${h} ${w - 8} ${h}H8Q0 ${h} 0 ${h - 8}V8Q0 0 8 0Z`,
  parameter: (w, h) => `M0 0H${w}V${h}H0ZM5 0V${h}`,
  input: (w, h) => `M${h / 2} 0H${w - h / 2}A${h / 2} ${h / 2} 0 0 1 ${w - h / 2} ${h}H${h / 2}A${h / 2} ${h / 2} 0 0 1 ${h / 2} 0Z`,
  constant: (w, h) => `M0 0H${w - 10}L${w} 10V${h}H0Z`,
};

function portElement(key, width, height) {
  const comes = key.startsWith("in"), k = Number(key.replace(/\D+/, ""));
  const maker = units[unitOfCall[values[k].call]];
  const where = comes ? `from ${[maker.path.split(".").pop() || maker.title, maker.step ?? ""].join(" ").trim()}` : "out";
  const text = comes ? `${values[k].name || "value"} ${where}` : `${values[k].name || brief(k)}`;
  const made = svg("g", { class: "node port", role: "button", tabindex: -1, "aria-label": comes ? `value ${text}` : `goes out: ${text}`, "data-node": nodeOfValue(k) },
    svg("rect", { class: "body", width, height, rx: height / 2 }),
    svg("text", { class: "about", x: width / 2, y: 16, "text-anchor": "middle", text: fit(text, width - 14, SMALL_FONT) }));
  if (comes) drawn.nodes.has(nodeOfValue(k)) || noteNode(nodeOfValue(k), made);
  return made;
}
