"use strict";
// What the page knows: the run as Python wrote it, and who makes and uses each value.

const DATA = JSON.parse(document.getElementById("data").textContent);
const { calls, values, units, phases, layouts, words } = DATA;

const unitOfCall = [];
units.forEach((unit, number) => unit.calls.forEach((call) => { unitOfCall[call] = number; }));

const usersOf = values.map(() => []);  // numbers of the calls that a value goes into
calls.forEach((call, number) => {
  for (const k of new Set(call.inputs.map(([, k]) => k))) usersOf[k].push(number);
});

// A node of the graph is a call, "c12", or a value that no call made, "v7".
const nodeOfValue = (k) => (values[k].call === null ? `v${k}` : `c${values[k].call}`);
const numberOf = (node) => Number(node.slice(1));
const isCall = (node) => node[0] === "c";

function producers(node) {
  return isCall(node) ? [...new Set(calls[numberOf(node)].inputs.map(([, k]) => nodeOfValue(k)))] : [];
}

function consumers(node) {
  const made = isCall(node) ? calls[numberOf(node)].outputs : [numberOf(node)];
  return [...new Set(made.flatMap((k) => usersOf[k]))].map((call) => `c${call}`);
}

// The units that a node stands in: one for a call, and for a parameter all that use it.
function unitsOf(node) {
  if (isCall(node)) return [unitOfCall[numberOf(node)]];
  return [...new Set(usersOf[numberOf(node)].map((call) => unitOfCall[call]))];
}

// The pass, step by step: every call, then back through those that a gradient came to.
const forwardSteps = calls.map((_, call) => ({ call, back: false }));
const backwardSteps = calls
  .map((_, call) => ({ call, back: true }))
  .filter(({ call }) => calls[call].outputs.some((k) => values[k].gradient))
  .reverse();
const pass = [...forwardSteps, ...backwardSteps];

// Every node on some way from one of these nodes to one of those, both included; none where no way leads there.
function routes(these, those) {
  const after = reach(these, consumers), before = reach(those, producers);
  return new Set([...after].filter((node) => before.has(node)));
}

function reach(starts, next) {
  const found = new Set(starts), stack = [...starts];
  while (stack.length) {
    for (const node of next(stack.pop())) {
      if (!found.has(node)) { found.add(node); stack.push(node); }
    }
  }
  return found;
}

// --- how things are called ------------------------------------------------

const callName = (call) => {
  const names = calls[call].outputs.map((k) => values[k].name).filter(Boolean);
  return calls[call].op + (names.length ? ` → ${names.join(", ")}` : "");
};

const nodeName = (node) => (isCall(node) ? callName(numberOf(node)) : values[numberOf(node)].name || values[numberOf(node)].kind);

// The words at a unit's column: "let's" for the encoder's step 0.
function wordsAt(unit) {
  const phase = phases[unit.phase];
  if (unit.step === null) return "";
  const parts = [];
  if (phase.first) parts.push(words[phase.first][unit.columns[0]]);
  if (phase.last) parts.push(words[phase.last][unit.columns[0]]);
  return parts.join(" → ");
}

const stepText = (unit) => (unit.step === null ? "" : `step ${unit.step}`);

const placeText = (unit) => [unit.path || "model", stepText(unit)].filter(Boolean).join(", ");

// A value in a few characters: its numbers where they are few, else its shape.
function brief(k) {
  const { rows } = values[k].value;
  const text = rows && rows.flat().length <= 4 ? rows.map((row) => row.join("  ")).join(" | ") : "";
  return text && text.length <= 24 ? (values[k].shape === "scalar" ? text : `[${text}]`) : values[k].shape;
}

// --- making elements ------------------------------------------------------

function element(tag, { text, ...attributes } = {}, ...children) {
  return fill(document.createElement(tag), text, attributes, children);
}

function svg(tag, { text, ...attributes } = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), text, attributes, children);
}

function fill(made, text, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  if (text !== undefined) made.textContent = text;
  made.append(...children.filter(Boolean));
  return made;
}

function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", text, ...attributes });
  made.addEventListener("click", act);
  return made;
}
