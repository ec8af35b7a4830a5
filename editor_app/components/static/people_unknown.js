// People without a name: type one and press Enter; the focus goes on to the next.
const FACES = 5;

class Cluster {
  constructor(view, number) {
    this.view = view;
    this.number = number;
    this.item = make("li", "cluster");
    this.item.dataset.cluster = number;
  }

  update(data, texts, people, editable) {
    if (this.field) this.field.people = people;
    const drawn = JSON.stringify([data, texts.skip, editable]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.texts = texts;
    const typed = this.field?.input.value ?? "";
    const held = this.field && this.item.getRootNode().activeElement === this.field.input;
    const faces = pressable("faces", "", () => this.view.tell("looked", this.number));
    faces.setAttribute("aria-label", `${texts.look_closer}: ${data.label}`);
    faces.title = texts.look_closer;
    faces.append(...data.faces.slice(0, FACES).map((face) => facePicture(face.picture, "")));
    if (!data.faces.length) faces.append(facePicture(null, ""));
    const counts = make("div", "counts");
    if (editable) counts.append(this.tick(data.label));
    counts.append(make("span", "", data.facts.join(" · ")));
    if (editable) {
      const skip = pressable("button plain small", texts.skip, () => this.view.skip(this.number));
      skip.title = texts.skip_tip;
      skip.setAttribute("aria-label", `${texts.skip}: ${data.label}`);
      counts.append(skip);
    }
    const parts = [faces, counts];
    if (editable) {
      if (data.likely.length) parts.push(this.likely(data.likely));
      this.field = new WhoField({ label: `${texts.name_field}: ${data.label}`, hint: texts.name_hint, texts, pick: (who, name) => this.name(who, name) });
      this.field.people = people;
      this.field.input.value = typed;
      parts.push(this.field.root);
    }
    this.item.replaceChildren(...parts);
    if (held) this.field.input.focus();
  }

  tick(label) {
    const box = make("input");
    box.type = "checkbox";
    box.checked = this.view.selected.has(this.number);
    box.setAttribute("aria-label", `${this.texts.select_cluster}: ${label}`);
    box.title = this.texts.select_cluster;
    box.addEventListener("change", () => this.view.select(this.number, box.checked));
    const around = make("label");
    around.append(box);
    return around;
  }

  likely(people) {
    const row = make("div", "likely");
    for (const { id, shown, picture: source } of people) {
      const button = pressable("button small", "", () => this.name({ who: id }, shown));
      button.title = fill(this.texts.is_it_tip, { name: shown });
      button.append(facePicture(source, ""), fill(this.texts.is_it, { name: shown }));
      row.append(button);
    }
    return row;
  }

  name(who) {
    this.busy(true);
    this.view.next(this.number);
    this.view.acts.send({ do: "name", cluster: this.number, ...who }, (outcome) => {
      this.busy(false);
      this.failed = !outcome.ok;
      if (this.failed) this.field.tellWrong(outcome.text);
    });
  }

  busy(on) {
    this.item.classList.toggle("busy", on);
    this.item.setAttribute("aria-busy", String(on));
  }
}

class Unknown {
  constructor(host) {
    this.root = host.querySelector(".unknown");
    this.list = this.root.querySelector(".clusters");
    this.bar = this.root.querySelector(".selection");
    this.clusters = new Map();
    this.selected = new Set();
    this.acts = new Acts();
  }

  update(data, tell) {
    this.tell = tell;
    this.data = data;
    this.acts.update(data.outcomes, tell);
    const { texts } = data;
    this.root.lang = data.lang;
    this.root.querySelector(".note").textContent = data.note;
    if (this.known !== JSON.stringify(data.known)) {
      this.known = JSON.stringify(data.known);
      this.people = withFolded(data.known);
    }
    const there = new Set(data.clusters.map(({ number }) => number));
    for (const [number, cluster] of [...this.clusters]) {
      if (there.has(number)) continue;
      if (cluster.failed) cluster.item.classList.add("gone"); // what was typed stays until somebody puts it aside
      else this.drop(number);
    }
    const gone = [...this.list.children].filter((item) => item.classList.contains("gone"));
    [...gone, ...data.clusters].forEach((each, place) => {
      if (each instanceof Element) return void this.list.insertBefore(each, this.list.children[place] ?? null);
      if (!this.clusters.has(each.number)) this.clusters.set(each.number, new Cluster(this, each.number));
      const cluster = this.clusters.get(each.number);
      cluster.update(each, texts, this.people, data.editable);
      if (this.list.children[place] !== cluster.item) this.list.insertBefore(cluster.item, this.list.children[place] ?? null);
    });
    this.drawFoot(data);
    this.drawBar();
  }

  drawFoot({ more, skipped, texts }) {
    const drawn = JSON.stringify([more, skipped, texts.more]);
    if (drawn === this.footDrawn) return;
    this.footDrawn = drawn;
    const parts = [];
    if (more) parts.push(pressable("button", texts.more, () => this.tell("more", true)));
    if (skipped) parts.push(pressable("button plain", fill(texts.skipped, { count: skipped }), () => this.tell("unskipped", true)));
    this.root.querySelector(".foot-tools").replaceChildren(...parts);
  }

  drop(number) {
    this.clusters.get(number).item.remove();
    this.clusters.delete(number);
    this.selected.delete(number);
  }

  skip(number) {
    if (this.clusters.get(number).item.classList.contains("gone")) this.drop(number);
    else this.tell("skipped", number);
  }

  select(number, on) {
    if (on) this.selected.add(number);
    else this.selected.delete(number);
    this.drawBar();
  }

  drawBar(wrong = "") {
    for (const [number, { item }] of this.clusters) {
      const on = this.selected.has(number);
      item.classList.toggle("selected", on);
      const box = item.querySelector(".counts input");
      if (box) box.checked = on;
    }
    this.bar.hidden = !this.selected.size;
    if (this.bar.hidden) return;
    const { texts } = this.data;
    const merge = pressable("button main", texts.same_person, () => this.together());
    merge.disabled = this.selected.size < 2;
    merge.title = texts.merge_faces;
    const note = make("p", "wrong", wrong);
    note.setAttribute("role", "alert");
    this.bar.replaceChildren(
      make("span", "many", fill(texts.selected_people, { count: this.selected.size })),
      merge,
      pressable("button plain", texts.clear, () => {
        this.selected.clear();
        this.drawBar();
      }),
      note,
    );
  }

  together() {
    const clusters = this.data.clusters.map(({ number }) => number).filter((number) => this.selected.has(number));
    for (const number of clusters) this.clusters.get(number).busy(true);
    this.acts.send({ do: "together", clusters }, (outcome) => {
      for (const number of clusters) this.clusters.get(number)?.busy(false);
      if (outcome.ok) this.selected.clear();
      this.drawBar(outcome.ok ? "" : outcome.text);
    });
  }

  // The field after the one that was filled in, which leaves the page soon.
  next(number) {
    const items = [...this.list.children];
    const here = items.findIndex((item) => Number(item.dataset.cluster) === number);
    const after = [...items.slice(here + 1), ...items.slice(0, here)];
    after.find((item) => !item.classList.contains("busy"))?.querySelector(".who input")?.focus();
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new Unknown(parentElement));
  views.get(parentElement).update(data, setTriggerValue);
  return () => views.delete(parentElement);
}
