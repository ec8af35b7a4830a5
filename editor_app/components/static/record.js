// One video: its facts, how far it is, and what wrote everything that is known of it.
const NODE = { width: 128, height: 44, across: 149, down: 58 };

class Record {
  constructor(host) {
    this.root = host.querySelector(".record");
    this.place = this.root.querySelector(".place");
    this.head = this.root.querySelector(".head");
    this.progress = this.root.querySelector(".progress");
    this.bar = progressBar();
    this.progress.append(this.bar);
    this.graph = this.root.querySelector(".graph");
    this.stages = this.root.querySelector(".stages");
    this.drawn = {};
    this.open = new Set();
    this.back = going(this.root.querySelector(".back"), () => this.tell("went", "back"));
  }

  update(data, tell) {
    this.tell = tell;
    this.root.lang = data.lang;
    this.part("way", data.back, ({ label, href }) => {
      this.back.textContent = label;
      this.back.href = href;
    });
    this.part("place", data.picture, ({ source, alt }) => this.place.replaceChildren(thumbnail(source && picture(source, alt))));
    this.part("head", [data.title, data.state, data.badge, data.note], () => this.drawHead(data));
    this.part("progress", data.progress, (progress) => this.drawProgress(progress, data.title));
    this.part("failures", data.failures, (failures) =>
      this.root.querySelector(".failures").replaceChildren(...failures.map((each) => this.failure(each))),
    );
    this.part("actions", data.actions, (actions) => this.drawActions(actions));
    this.part("facts", data.facts, (facts) =>
      this.root.querySelector(".facts").replaceChildren(...facts.map((fact) => this.fact(fact))),
    );
    this.part("texts", data.texts, ({ lineage, hint, graph }) => {
      this.root.querySelector("#record-lineage").textContent = lineage;
      this.root.querySelector(".hint").textContent = hint;
      this.root.querySelector(".scroll").setAttribute("aria-label", graph);
    });
    this.part("graph", data.graph, (graph) => this.drawGraph(graph));
    this.part("stages", data.stages, (stages) => this.drawStages(stages));
  }

  // Draws a part where it is not as it was; what has the focus keeps it.
  part(name, value, draw) {
    const now = JSON.stringify(value);
    if (this.drawn[name] === now) return;
    this.drawn[name] = now;
    const held = this.root.getRootNode().activeElement?.dataset?.focus;
    draw(value);
    if (held) this.root.querySelector(`[data-focus="${held}"]`)?.focus({ preventScroll: true });
  }

  drawHead({ title, state, badge, note }) {
    this.head.replaceChildren(make("h2", "", title));
    if (badge) this.head.append(make("span", "badge", badge));
    this.head.append(make("span", `state ${state.name}`, state.label));
    if (note) this.head.append(make("span", "note", note));
  }

  drawProgress(progress, title) {
    this.progress.hidden = !progress;
    if (!progress) return;
    this.progress.querySelector(".label").replaceChildren(make("b", "", progress.label), make("span", "detail", progress.detail));
    this.bar.hidden = !progress.moves;
    showShare(this.bar, progress.share, title);
  }

  failure({ stage, reason, advice }) {
    const item = make("li", "failure");
    const what = make("p");
    what.append(make("b", "", stage), reason);
    item.append(what, make("p", "advice", advice));
    return item;
  }

  drawActions({ links, again, asked }) {
    const items = links.map(({ key, label, href }, place) => {
      const link = going(make("a", place ? "act" : "act main", label), () => this.tell("went", key));
      link.href = href;
      link.dataset.focus = key;
      return link;
    });
    if (again) {
      const button = onceButton("act", again, () => this.tell("again", true));
      button.dataset.focus = "again";
      items.push(button);
    }
    if (asked) items.push(make("span", "asked", asked));
    this.root.querySelector(".actions").replaceChildren(...items);
  }

  fact({ label, value, href, wide, tip }) {
    const box = make("div", wide ? "wide" : "");
    const told = make("dd");
    told.append(href ? outside(href, value) : value);
    if (tip) told.title = tip;
    box.append(make("dt", "", label), told);
    return box;
  }

  drawGraph({ nodes, edges }) {
    const place = new Map(nodes.map((node) => [node.stage, node]));
    const across = Math.max(...nodes.map(({ column }) => column));
    const down = Math.max(...nodes.map(({ row }) => row));
    this.graph.style.width = `${across * NODE.across + NODE.width}px`;
    this.graph.style.height = `${down * NODE.down + NODE.height}px`;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("aria-hidden", "true");
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    for (const [from, to] of edges) svg.append(edge(place.get(from), place.get(to)));
    const buttons = nodes.map((node) => {
      const button = make("button", `node ${node.state}`);
      button.type = "button";
      button.dataset.focus = `node-${node.stage}`;
      button.style.cssText =
        `left:${node.column * NODE.across}px;top:${node.row * NODE.down}px;width:${NODE.width}px;height:${NODE.height}px`;
      button.title = node.name;
      button.append(make("b", "", node.name), make("span", `state ${node.state}`, node.label));
      button.addEventListener("click", () => this.show(node.stage));
      return button;
    });
    this.graph.replaceChildren(svg, ...buttons);
  }

  show(stage) {
    for (const item of this.stages.children) item.classList.toggle("shown", item.dataset.focus === `stage-${stage}`);
    const item = this.stages.querySelector(".shown");
    item?.focus({ preventScroll: true });
    item?.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
  }

  drawStages(stages) {
    const shown = this.stages.querySelector(".shown")?.dataset.focus;
    this.stages.replaceChildren(...stages.map((stage) => this.stage(stage)));
    if (shown) this.stages.querySelector(`[data-focus="${shown}"]`)?.classList.add("shown");
  }

  stage({ stage, name, state, label, by, when, links, reasons, bad, settings, settingsLabel }) {
    const item = make("li", "stage");
    item.tabIndex = -1;
    item.dataset.focus = `stage-${stage}`;
    const head = make("h4", "", name);
    head.append(make("span", `state ${state}`, label));
    const places = make("span", "links");
    for (const { label: text, href, name: whole } of links) {
      const link = outside(href, text);
      link.setAttribute("aria-label", whole);
      places.append(link);
    }
    const more = make("div", "more");
    more.append(...reasons.map((reason) => make("p", bad ? "why bad" : "why", reason)));
    if (settings.length) more.append(this.settings(stage, settings, settingsLabel));
    item.append(head, make("span", by ? "by" : "by none", by || ""), make("span", "when", when), places, more);
    return item;
  }

  settings(stage, settings, label) {
    const fold = make("details");
    const list = make("dl", "settings");
    for (const { name, value } of settings) list.append(make("dt", "", name), make("dd", "", value));
    const summary = make("summary", "", label);
    summary.dataset.focus = `settings-${stage}`;
    fold.append(summary, list);
    fold.open = this.open.has(stage);
    fold.addEventListener("toggle", () => (fold.open ? this.open.add(stage) : this.open.delete(stage)));
    return fold;
  }
}

function outside(href, text) {
  const link = make("a", "", text);
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

function edge(from, to) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const x = from.column * NODE.across + NODE.width;
  const y = from.row * NODE.down + NODE.height / 2;
  const endX = to.column * NODE.across - 2;
  const endY = to.row * NODE.down + NODE.height / 2;
  const bend = endX - (NODE.across - NODE.width) / 2;
  path.setAttribute("d", y === endY ? `M${x} ${y}H${endX}` : `M${x} ${y}H${bend - 8}Q${bend} ${y} ${bend} ${y + Math.sign(endY - y) * 8}V${endY - Math.sign(endY - y) * 8}Q${bend} ${endY} ${endX} ${endY}`);
  return path;
}

const records = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!records.has(parentElement)) records.set(parentElement, new Record(parentElement));
  records.get(parentElement).update(data, setTriggerValue);
}
