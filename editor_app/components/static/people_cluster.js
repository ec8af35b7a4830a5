// All faces of one person without a name: name them, or take out those that are somebody else's.
class OneCluster {
  constructor(host) {
    this.root = host.querySelector(".one-cluster");
    this.acts = new Acts();
  }

  update(data, tell) {
    this.tell = tell;
    this.data = data;
    this.acts.update(data.outcomes, tell);
    this.root.lang = data.lang;
    if (this.known !== JSON.stringify(data.known)) {
      this.known = JSON.stringify(data.known);
      this.people = withFolded(data.known);
    }
    const drawn = JSON.stringify([data.cluster, data.editable, data.lang]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.draw(data);
  }

  draw({ cluster, editable, texts }) {
    const way = pressable("button plain small", `← ${texts.back_unknown}`, () => this.tell("left", true));
    this.root.querySelector(".way").replaceChildren(way);
    const parts = [make("h2", "", cluster.label), make("span", "soft", cluster.facts.join(" · "))];
    this.note = make("p", "wrong");
    this.note.setAttribute("role", "alert");
    if (editable) {
      this.field = new WhoField({ label: `${texts.name_field}: ${cluster.label}`, hint: texts.name_hint, texts, pick: (who) => this.name(who) });
      this.field.people = this.people;
      parts.push(this.field.root);
      if (cluster.likely.length) {
        const row = make("div", "likely");
        for (const { id, shown, picture: source } of cluster.likely) {
          const button = pressable("button small", "", () => this.name({ who: id }));
          button.title = fill(texts.is_it_tip, { name: shown });
          button.append(facePicture(source, ""), fill(texts.is_it, { name: shown }));
          row.append(button);
        }
        parts.push(row);
      }
      parts.push(pressable("button", texts.split, () => this.split([])), this.note);
    }
    this.root.querySelector(".head").replaceChildren(...parts);
    this.grid = new FaceGrid({ texts, editable, play: (moment) => this.tell("played", moment), changed: () => this.drawBar() });
    this.root.querySelector(".own").replaceChildren(this.grid.root);
    this.grid.draw([{ title: "", count: "", faces: cluster.faces }]);
  }

  drawBar(wrong = "") {
    if (!this.grid) return;
    const { texts } = this.data;
    const bar = this.root.querySelector(".selection");
    const tracks = [...this.grid.selected];
    this.grid.root.classList.toggle("choosing", Boolean(tracks.length));
    bar.hidden = !tracks.length;
    if (bar.hidden) return;
    this.giving ??= new WhoField({ label: texts.give_to, hint: texts.give_to, texts, pick: (who) => this.give(who) });
    this.giving.people = this.people;
    const take = pressable("button main", texts.take_out, () => this.split([...this.grid.selected]));
    take.disabled = tracks.length === this.grid.order.length;
    bar.replaceChildren(
      make("span", "many", counted(texts.selected_one, texts.selected_many, tracks.length)),
      take,
      this.giving.root,
      pressable("button plain", texts.clear, () => this.grid.all(false)),
    );
    this.giving.tellWrong(wrong);
  }

  name(who) {
    this.acts.send({ do: "name", cluster: this.data.cluster.number, ...who }, (outcome) => {
      if (!outcome.ok) this.field.tellWrong(outcome.text);
    });
  }

  give(who) {
    const tracks = [...this.grid.selected];
    this.acts.send({ do: "name", tracks, ...who }, (outcome) => {
      if (outcome.ok) this.giving.clear();
      else this.drawBar(outcome.text);
    });
  }

  split(tracks) {
    this.note.textContent = "";
    this.acts.send({ do: "take_out", cluster: this.data.cluster.number, tracks }, (outcome) => {
      if (!outcome.ok) this.note.textContent = outcome.text;
    });
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new OneCluster(parentElement));
  views.get(parentElement).update(data, setTriggerValue);
  return () => views.delete(parentElement);
}
