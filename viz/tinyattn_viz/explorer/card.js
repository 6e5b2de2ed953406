// The card of what is chosen: all that is known of it, as texts that Python wrote.

const card = document.getElementById("card");

function showCard() {
  const { chosen } = state, step = current();
  const parts = !chosen ? welcome() : chosen.unit !== undefined ? unitCard(chosen.unit)
    : isCall(chosen.node) ? callCard(numberOf(chosen.node), Boolean(step?.back) && step.call === numberOf(chosen.node))
    : leafCard(numberOf(chosen.node));
  card.replaceChildren(...parts.filter(Boolean));
  card.scrollTop = 0;
}

function welcome() {
  return [heading("Start here"),
    element("p", { text: "Every box is a module in one time step. Choose one to see what it hands on, and once more to look inside, down to every op." }),
    element("p", { text: `Go through the pass with the arrow keys or the buttons below the graph: ${calls.length} ops forward${backwardSteps.length ? `, then ${backwardSteps.length} back with their gradients` : ""}.` }),
    DATA.heat && element("p", { text: "In the table, a cell shows how much a word looked at another; the graph shows where." })];
}

const heading = (text, kind, small) => element("div", { class: "card-head" },
  element("h2", { id: "card-title" }, element("span", { text }), small && element("i", { text: small })), kind && element("span", { class: "kind", text: kind }));

function entry(label, ...content) {
  return element("div", { class: "entry" }, element("h3", { text: label }), ...content);
}

const code = (text) => element("code", { text });
const lines = (texts, look) => texts.map((text) => element("p", { class: look, text }));

function callCard(number, back) {
  const call = calls[number], unit = units[unitOfCall[number]];
  const names = call.outputs.map((k) => values[k].name).filter(Boolean).join(", ");
  const forward = [
    entry("Formula", ...lines([call.formula], "formula"), call.named && call.named !== call.formula && element("p", { class: "formula", text: call.named })),
    call.worked.length && entry("With the numbers", ...lines(call.worked, "worked")),
    ...call.outputs.map((k, order) => valueEntry(k, call.outputs.length > 1 ? `Value ${values[k].name || `y${order + 1}`}` : "Value")),
  ];
  const gradients = [
    call.rules.length && entry("Gradient rule", ...lines(call.rules, "rule")),
    ...call.outputs.map((k) => gradientEntry(k, `Gradient dL/d${values[k].name || "y"}`)),
    back && entry("Hands back", element("p", { class: "hint", text: "Summed over all uses of each input" }),
      ...call.inputs.filter(([, k]) => values[k].gradient).map(([name, k]) => element("div", { class: "back" }, element("b", { text: `dL/d${name}` }), numbersElement(values[k].gradient, "gradient")))),
  ];
  return [
    heading(call.op, back ? "backward" : "op", names),
    ...(back ? [...gradients, ...forward] : [...forward, ...gradients]),
    entry("Shape and dtype", ...call.outputs.map((k) => element("p", {}, code(`${values[k].shape} ${values[k].dtype}`)))),
    call.attributes.length && entry("Settings", ...lines(call.attributes, "worked")),
    entry("Where", element("p", { text: placeText(unit) + (wordsAt(unit) ? ` (${wordsAt(unit)})` : "") }), ...call.lines.flatMap(lineElements)),
    neighbours("Uses", call.inputs.map(([name, k]) => [nodeOfValue(k), `${name}: ${valueName(k)}`])),
    neighbours("Used by", consumers(`c${number}`).map((node) => [node, `${nodeName(node)}, ${placeText(units[unitOfCall[numberOf(node)]])}`])),
    routeButtons(),
  ];
}

function leafCard(k) {
  const value = values[k];
  return [
    heading(value.name || value.kind, value.kind),
    valueEntry(k, "Value"),
    gradientEntry(k, `Gradient dL/d${(value.name || "value").split(".").pop()}`),
    entry("Shape and dtype", element("p", {}, code(`${value.shape} ${value.dtype}`))),
    neighbours("Used by", consumers(`v${k}`).map((node) => [node, `${nodeName(node)}, ${placeText(units[unitOfCall[numberOf(node)]])}`])),
    routeButtons(),
  ];
}

function unitCard(number) {
  const unit = units[number], isOpen = view.open.has(number);
  const out = unit.keys.filter((key) => key.startsWith("out")).map((key) => Number(key.slice(3)));
  const into = unit.keys.filter((key) => key.startsWith("in")).map((key) => Number(key.slice(2)));
  const row = rowOfUnit.get(number);
  return [
    heading(unit.title, unit.path ? "module" : "ops", [stepText(unit), wordsAt(unit)].filter(Boolean).join(" · ")),
    element("p", {}, button(isOpen ? "Close" : "Open", () => toggleUnit(number), { class: "main" })),
    row !== undefined && entry("Attention", ...DATA.heat.source.map((word, j) => element("p", { class: "share" },
      element("bdi", { text: word }), element("meter", { min: 0, max: 1, value: DATA.heat.weights[row][j], "aria-label": word }), element("span", { text: DATA.heat.weights[row][j].toFixed(2) })))),
    ...out.filter((k) => values[k].name).slice(0, 4).map((k) => valueEntry(k, `Hands on ${values[k].name}`)),
    unit.path && entry("Where", element("p", { text: placeText(unit) })),
    neighbours("Comes in", into.map((k) => [nodeOfValue(k), `${valueName(k)} from ${placeText(units[unitOfCall[values[k].call]])}`])),
    neighbours("Ops", unit.calls.map((call) => [`c${call}`, callName(call)])),
    routeButtons(),
  ];
}

const valueName = (k) => values[k].name || (values[k].call === null ? values[k].kind : `result of ${calls[values[k].call].op}`);

function valueEntry(k, label) {
  return entry(label, numbersElement(values[k].value, "value"));
}

function gradientEntry(k, label) {
  const value = values[k];
  return entry(label, value.gradient ? numbersElement(value.gradient, "gradient") : element("p", { class: "hint", text: value.missing }));
}

// All numbers, row by row; of many only what Python made of them, with a histogram.
function numbersElement(numbers, look) {
  if (!numbers.rows) {
    return element("div", { class: `numbers ${look}` }, ...lines(numbers.lines, "worked"), numbers.histogram && histogram(numbers.histogram));
  }
  const wide = Math.max(...numbers.rows.map((row) => row.length));
  const body = numbers.rows.map((row) => element("div", { class: "row" }, ...row.map((text) => element("span", { text }))));
  return element("div", { class: `numbers ${look}${wide > 4 ? " wrapped" : ""}` }, ...body);
}

function histogram(counts) {
  const highest = Math.max(...counts);
  return svg("svg", { class: "histogram", viewBox: `0 0 ${counts.length * 8} 40`, role: "img", "aria-label": "Histogram from the least to the greatest" },
    ...counts.map((count, k) => svg("rect", { x: k * 8, y: 40 - (38 * count) / highest, width: 7, height: (38 * count) / highest })));
}

const lineElements = ({ where, code: text }) => [element("p", { class: "line" }, element("span", { class: "file", text: where })), text && element("pre", { text })];

// Buttons to what stands beside this in the graph.
function neighbours(label, list) {
  if (!list.length) return null;
  const items = list.slice(0, 40).map(([node, text]) => element("li", {}, button(text, () => go(node), { class: "link" })));
  if (list.length > 40) items.push(element("li", { class: "hint", text: `and ${list.length - 40} more` }));
  return entry(label, element("ul", {}, ...items));
}

function routeButtons() {
  return entry("Routes", element("div", { class: "tools" },
    button("From here", () => setEnd("from", state.chosen)), button("To here", () => setEnd("to", state.chosen))));
}
