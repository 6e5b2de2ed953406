// Where the boxes of the overview stand and how edges run between them.
//
// Boxes stand in a grid of columns and rows. A column is as wide as its widest box and a row as high as its highest,
// so that a unit that is opened pushes the rest aside and nothing changes places. Edges leave a box at its end, run
// in lanes between rows and in gutters between columns, and come in at the head's start: never through a box.
// Everything is thought from the top down; `up` turns the picture round at the end.

const TRACK = 7;  // between two edges that run side by side
const LANE = 20, GUTTER = 26;  // the least room between rows and columns
const CORNER = 5;  // radius

// boxes: {id, columns: [first, last], rows: [first, last], width, height, ins: {value: x}, outs: {value: x}} with ins
// and outs only where a box is open; edges: {value, tail, head, kind}. They get x, y and a path.
function layOut(boxes, edges, columnCount, rowCount, up) {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const routes = edges.map((edge) => plan(edge, byId.get(edge.tail), byId.get(edge.head), boxes, columnCount));
  const columns = placeColumns(boxes, routes, columnCount);
  placePorts(boxes, routes);
  const rows = placeRows(boxes, routes, rowCount);
  routes.forEach((route) => draw(route, rows));
  const size = { width: columns.end, height: rows.end };
  if (up) turn(boxes, routes, size.height);
  routes.forEach((route) => { route.edge.path = rounded(route.points); });
  return { ...size, columns };
}

// Which way an edge goes: beside (same row, next column), or through lanes and, where they differ, a gutter.
function plan(edge, tail, head, boxes, columnCount) {
  const route = { edge, tail, head };
  const apart = head.columns[0] - tail.columns[1];
  const closed = !tail.outs && !head.ins && tail.columns[0] === tail.columns[1] && head.columns[0] === head.columns[1];
  if (closed && edge.kind === "flow" && tail.rows[0] === head.rows[0] && tail.rows[1] === head.rows[1]
      && (apart === 1 || tail.columns[0] - head.columns[1] === 1)) {
    return { ...route, beside: true };
  }
  const from = tail.rows[1] + 1, to = head.rows[0];
  if (from === to) return { ...route, from, to };
  const back = tail.columns[0] > head.columns[1];
  let gutter = back ? tail.columns[0] : tail.columns[1] + 1;
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  const blocked = (g) => boxes.some((box) => box.columns[0] < g && g <= box.columns[1]
    && box.rows[0] < high && box.rows[1] >= low);
  while (gutter > 0 && gutter < columnCount && blocked(gutter)) gutter += back ? -1 : 1;
  return { ...route, from, to, gutter };
}

function placeColumns(boxes, routes, count) {
  const tracks = routes.filter((route) => route.gutter !== undefined).map((route) => ({
    route, lane: route.gutter, key: route.edge.value,
    low: Math.min(route.from, route.to), high: Math.max(route.from, route.to),
  }));
  const widths = Array(count).fill(0);
  for (const box of boxes) {
    if (box.columns[0] === box.columns[1]) widths[box.columns[0]] = Math.max(widths[box.columns[0]], box.width);
  }
  const used = assign(tracks);
  const gutters = Array.from({ length: count + 1 }, (_, g) => Math.max(GUTTER, TRACK * ((used.get(g) || 0) + 2)));
  for (const box of boxes) {  // a bar that is wider than its columns makes them wider
    const [first, last] = box.columns;
    if (first === last) continue;
    let room = widths.slice(first, last + 1).reduce((a, b) => a + b, 0);
    room += gutters.slice(first + 1, last + 1).reduce((a, b) => a + b, 0);
    const more = Math.max(0, box.width - room) / (last - first + 1);
    for (let c = first; c <= last; c++) widths[c] += more;
  }
  const left = [];
  let x = 0;
  for (let c = 0; c < count; c++) {
    x += gutters[c];
    left.push(x);
    x += widths[c];
  }
  const end = x + gutters[count];
  for (const box of boxes) {
    const [first, last] = box.columns;
    const room = left[last] + widths[last] - left[first];
    box.x = left[first] + (first === last ? (room - box.width) / 2 : 0);
    if (first !== last) box.width = room;
  }
  tracks.forEach(({ route, track }) => {
    const begin = route.gutter === count ? end - gutters[count] : left[route.gutter] - gutters[route.gutter];
    route.x = begin + TRACK * (track + 1.5);
  });
  return { left, widths, gutters, end };
}

// Where on their boxes the edges begin and end: x, or for those beside each other the share of the height. What runs
// straight on stays in the middle; what comes from the left or goes there, on the left.
function placePorts(boxes, routes) {
  const isBar = (box) => box.columns[0] !== box.columns[1];
  const middle = (box) => box.x + box.width / 2;
  const over = (bar, x) => bar.x + 12 < x && x < bar.x + bar.width - 12;
  const outs = new Ports(), ins = new Ports(), sides = new Ports();
  for (const route of routes) {
    const { tail, head, edge } = route;
    if (route.beside) { sides.note(tail, edge.value, 0); continue; }
    const straight = route.gutter === undefined && Math.abs(middle(tail) - middle(head)) < 1;
    const side = straight ? 0 : Math.sign((route.x ?? middle(head)) - middle(tail)) || 1;
    outs.note(tail, edge.value, side);
    ins.note(head, edge.value, straight ? 0 : Math.sign((route.x ?? middle(tail)) - middle(head)) || 1);
  }
  for (const route of routes) {
    const { tail, head, edge } = route;
    if (route.beside) { route.share = sides.share(tail, edge.value); continue; }
    route.out = tail.x + (tail.outs?.[edge.value] ?? tail.width * outs.share(tail, edge.value));
    route.into = head.x + (head.ins?.[edge.value] ?? head.width * ins.share(head, edge.value));
    // A bar is left, or reached, straight above the other box; sideways it is left at its corner.
    if (isBar(tail) && !tail.outs) {
      const corner = 14 + 10 * outs.order(tail, edge.value);
      if (route.gutter !== undefined) route.out = route.x < tail.x ? tail.x + corner : tail.x + tail.width - corner;
      else if (over(tail, route.into)) route.out = route.into;
    } else if (isBar(head) && !head.ins && over(head, route.out) && route.gutter === undefined) route.into = route.out;
  }
}

// The values that leave or reach each box, on its left (-1), in its middle (0) or on its right (1).
class Ports {
  constructor() { this.of = new Map(); }

  note(box, value, side) {
    if (!this.of.has(box)) this.of.set(box, new Map());
    const own = this.of.get(box);
    if (!own.has(value) || side === 0) own.set(value, side);
  }

  order(box, value) { return [...this.of.get(box).keys()].indexOf(value); }

  share(box, value) {
    const own = [...this.of.get(box)], side = this.of.get(box).get(value);
    const alike = own.filter(([, other]) => other === side).map(([key]) => key);
    const place = (alike.indexOf(value) + 1) / (alike.length + 1);
    if (own.length === alike.length) return side === 0 || alike.length > 1 ? place : 0.5;
    return side === 0 ? 0.4 + 0.2 * place : side < 0 ? 0.08 + 0.3 * place : 0.62 + 0.3 * place;
  }
}

function placeRows(boxes, routes, count) {
  const tracks = [];
  for (const route of routes) {
    if (route.beside) continue;
    const add = (which, lane, a, b) => {
      if (Math.abs(a - b) > 1) tracks.push({ route, which, lane, key: route.edge.value, low: Math.min(a, b), high: Math.max(a, b) });
    };
    if (route.gutter === undefined) add("first", route.from, route.out, route.into);
    else { add("first", route.from, route.out, route.x); add("second", route.to, route.x, route.into); }
  }
  const used = assign(tracks);
  const heights = Array(count).fill(0);
  for (const box of boxes) if (box.rows[0] === box.rows[1]) heights[box.rows[0]] = Math.max(heights[box.rows[0]], box.height);
  const lanes = Array.from({ length: count + 1 }, (_, k) => Math.max(LANE, TRACK * ((used.get(k) || 0) + 2)));
  for (const box of boxes) {
    const [first, last] = box.rows;
    if (first === last) continue;
    const room = heights.slice(first, last + 1).reduce((a, b) => a + b, 0) + lanes.slice(first + 1, last + 1).reduce((a, b) => a + b, 0);
    heights[last] += Math.max(0, box.height - room);
  }
  const top = [];
  let y = 0;
  for (let r = 0; r < count; r++) {
    y += lanes[r];
    top.push(y);
    y += heights[r];
  }
  for (const box of boxes) {
    const [first, last] = box.rows;
    const room = top[last] + heights[last] - top[first];
    box.y = top[first] + (room - box.height) / 2;
  }
  const laneTop = (lane) => (lane === count ? y : top[lane] - lanes[lane]);
  tracks.forEach(({ route, which, lane, track }) => { route[which] = laneTop(lane) + TRACK * (track + 1.5); });
  return { top, lanes, heights, laneTop, end: y + lanes[count] };
}

// Tracks for intervals of each lane, so that those of different values do not touch; those of one value share one.
function assign(intervals) {
  const lanes = new Map(), used = new Map();
  for (const interval of intervals) {
    const key = `${interval.lane} ${interval.key}`;
    if (!lanes.has(key)) lanes.set(key, { lane: interval.lane, low: interval.low, high: interval.high, all: [] });
    const group = lanes.get(key);
    group.low = Math.min(group.low, interval.low);
    group.high = Math.max(group.high, interval.high);
    group.all.push(interval);
  }
  const ends = new Map();
  for (const group of [...lanes.values()].sort((a, b) => a.low - b.low || a.high - b.high)) {
    if (!ends.has(group.lane)) ends.set(group.lane, []);
    const taken = ends.get(group.lane);
    let track = taken.findIndex((end) => end < group.low - 6);
    if (track < 0) track = taken.length;
    taken[track] = group.high;
    used.set(group.lane, taken.length);
    group.all.forEach((interval) => { interval.track = track; });
  }
  return used;
}

function draw(route, rows) {
  const { tail, head } = route;
  if (route.beside) {
    const right = head.x > tail.x;
    const y0 = tail.y + tail.height * route.share, y1 = head.y + head.height * route.share;
    const x0 = right ? tail.x + tail.width : tail.x, x1 = right ? head.x : head.x + head.width;
    const middle = (x0 + x1) / 2;
    route.points = [[x0, y0], [middle, y0], [middle, y1], [x1, y1]];
    return;
  }
  const start = [route.out, tail.y + tail.height], end = [route.into, head.y];
  const lane = (which, number) => route[which] ?? rows.laneTop(number) + rows.lanes[number] / 2;
  if (route.gutter === undefined) {
    const y = lane("first", route.from);
    route.points = [start, [route.out, y], [route.into, y], end];
  } else {
    const y0 = lane("first", route.from), y1 = lane("second", route.to);
    route.points = [start, [route.out, y0], [route.x, y0], [route.x, y1], [route.into, y1], end];
  }
}

function turn(boxes, routes, height) {
  for (const box of boxes) box.y = height - box.y - box.height;
  for (const route of routes) route.points = route.points.map(([x, y]) => [x, height - y]);
}

// A line through the points, with its corners rounded off.
function rounded(points) {
  const kept = points.filter(([x, y], k) => !k || Math.abs(x - points[k - 1][0]) + Math.abs(y - points[k - 1][1]) > 0.5);
  let path = `M${place(kept[0])}`;
  for (let k = 1; k < kept.length - 1; k++) {
    const before = toward(kept[k], kept[k - 1]), after = toward(kept[k], kept[k + 1]);
    path += `L${place(before)}Q${place(kept[k])} ${place(after)}`;
  }
  return kept.length > 1 ? `${path}L${place(kept.at(-1))}` : path;
}

function toward([x0, y0], [x1, y1]) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const share = Math.min(CORNER, length / 2) / (length || 1);
  return [x0 + (x1 - x0) * share, y0 + (y1 - y0) * share];
}

const place = ([x, y]) => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
