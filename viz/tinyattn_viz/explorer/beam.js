// The tree of a beam search: every hypothesis that was looked at, and which of them were kept.

function showBeam() {
  const { beam } = DATA;
  if (!beam) return;
  const section = document.getElementById("beam");
  section.hidden = false;
  const children = new Map();
  for (const branch of beam.branches) children.set(branch.parent, [...(children.get(branch.parent) || []), branch]);
  const best = new Set(beam.best);
  const rank = new Map(beam.hypotheses.map((number, order) => [number, order + 1]));
  const list = (parent) => {
    const own = children.get(parent);
    return own && element("ul", {}, ...own.map((branch) => element("li", {}, branchElement(branch, best, rank), list(branch.number))));
  };
  const root = element("div", { class: "tree" }, element("ul", {}, element("li", {}, element("div", { class: "branch kept" }, element("bdi", { text: beam.start })), list(null))));
  section.replaceChildren(
    element("div", { class: "bar" }, element("h2", { id: "beam-title", text: "Beam search" }), element("p", { class: "legend", text: beam.about })),
    root);
}

function branchElement(branch, best, rank) {
  const look = ["branch", branch.kept ? "kept" : "dropped", best.has(branch.number) && "best"].filter(Boolean).join(" ");
  const note = rank.has(branch.number) ? `hypothesis ${rank.get(branch.number)}` : branch.kept ? "" : "dropped";
  return element("div", { class: look }, element("bdi", { text: branch.token }), element("span", { class: "score", text: branch.score }), note && element("span", { class: "note", text: note }));
}
