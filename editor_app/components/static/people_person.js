// One person: who they are, and every face that is taken for theirs.
const FEW = 8;
const BACK_SHAPE = "M20 11H7.830l5.590-5.590L12 4l-8 8 8 8 1.410-1.410L7.830 13H20z";

class Sheet {
  constructor(host) {
    this.root = host.querySelector(".sheet");
    this.acts = new Acts();
    this.choosing = false;
  }

  update(data, tell) {
    const before = this.data;
    this.tell = tell;
    this.data = data;
    this.acts.update(data.outcomes, tell);
    this.root.lang = data.lang;
    if (before?.person.id !== data.person.id) {
      this.choosing = false;
      this.grid = this.newGrid(".own", () => this.drawBar(), {
        label: fill(data.texts.not_this, { name: data.person.shown }),
        icon: CROSS_SHAPE,
        press: (tracks) => this.reject(tracks),
      });
      this.outGrid = this.newGrid(".theirs", () => this.drawOutBar(), null);
      this.drawn = {};
    }
    if (this.known !== JSON.stringify(data.known)) {
      this.known = JSON.stringify(data.known);
      this.people = withFolded(data.known);
    }
    this.part("way", [data.back, data.lang], () => this.drawWay());
    this.part("aside", [data.person, data.photos, data.groups, data.editable, data.lang], () => this.drawAside());
    this.part("tools", [data.order, data.person.faces, data.person.none, data.editable, data.lang], () => this.drawTools());
    this.part("faces", [data.sections, data.lang], () => this.drawFaces());
    this.part("out", [data.out, data.lang], () => this.drawOut());
    this.part("merge", [data.merge, data.lang, this.choosing], () => this.drawMerge());
  }

  newGrid(place, changed, quick) {
    const { texts, editable } = this.data;
    const play = (moment) => this.tell("played", moment);
    const grid = new FaceGrid({ texts, editable, play, changed, quick: editable ? quick : null });
    this.root.querySelector(place).replaceChildren(grid.root);
    return grid;
  }

  part(name, content, draw) {
    const drawn = JSON.stringify(content);
    if (this.drawn[name] === drawn) return;
    this.drawn[name] = drawn;
    draw();
  }

  drawWay() {
    const { back, texts } = this.data;
    const link = pressable("button plain small", "", () => this.tell("left", true));
    link.append(icon(BACK_SHAPE), back);
    link.querySelector("svg").style.cssText = "width:16px;fill:currentColor";
    this.root.querySelector(".way").replaceChildren(link);
    this.root.setAttribute("aria-label", texts.tab_known);
  }

  drawAside() {
    const { person, photos, editable, texts } = this.data;
    const held = this.root.getRootNode().activeElement?.dataset?.field;
    const typed = [...this.root.querySelectorAll("[data-saved]")].filter(({ value, dataset }) => value !== dataset.saved);
    const head = make("div", "head");
    head.append(facePicture(person.picture, fill(texts.face_of, { name: person.shown })), make("h2", "", person.shown));
    const told = make("div", "told");
    if (person.also) told.append(make("p", "also", person.also));
    told.append(make("p", "facts", person.facts.join(" · ")));
    head.append(told);
    const acts = make("div", "acts");
    if (person.searched) {
      const search = make("a", "button", texts.search_person);
      search.href = person.searched;
      inPlace(search, () => this.tell("searched", true));
      acts.append(search);
    }
    if (editable)
      acts.append(
        pressable("button", texts.merge_with, () => {
          this.choosing = true;
          this.part("merge", [this.data.merge, this.data.lang, true], () => this.drawMerge());
          this.chooser?.input.focus();
        }),
      );
    head.append(acts);
    const parts = [head];
    if (editable) parts.push(this.form());
    if (photos.shown.length || editable) parts.push(this.photos());
    this.root.querySelector("aside").replaceChildren(...parts);
    for (const { value, dataset } of typed) {
      const input = this.root.querySelector(`[data-field="${dataset.field}"]`);
      if (input) input.value = value; // somebody else changed the person while this was being typed
    }
    if (held) this.root.querySelector(`[data-field="${held}"]`)?.focus();
  }

  form() {
    const { person, groups, texts } = this.data;
    const fold = make("details", "fold");
    fold.open = this.unfolded ??= matchMedia("(min-width: 861px)").matches;
    fold.addEventListener("toggle", () => (this.unfolded = fold.open));
    const form = make("form");
    form.setAttribute("aria-label", texts.edit_person);
    form.addEventListener("submit", (event) => event.preventDefault());
    const keep = make("input");
    keep.type = "checkbox";
    keep.checked = true;
    const keepLine = make("label", "tickline");
    keepLine.append(keep, texts.keep_old);
    const name = this.textField("name", texts.person_name, person.name, (text) => ({ do: "rename", name: text, keep_old: keep.checked }), { required: true });
    name.append(keepLine);
    keepLine.hidden = true;
    name.querySelector("input").addEventListener("input", (event) => (keepLine.hidden = event.target.value.trim() === person.name));
    const group = this.textField("group", texts.person_group, person.group, (text) => ({ do: "group", group: text || null }), { hint: texts.person_group_hint });
    const list = make("datalist");
    list.id = "people-groups";
    list.append(...groups.map((each) => new Option(each, each)));
    group.querySelector("input").setAttribute("list", list.id);
    group.append(list);
    form.append(
      name,
      this.textField("display", texts.person_display, person.display, (text) => ({ do: "display", display: text || null }), { hint: texts.person_display_hint }),
      group,
      this.gender(person, texts),
      this.aliases(person, texts),
    );
    fold.append(make("summary", "", texts.edit_person), form);
    return fold;
  }

  textField(field, label, value, request, { hint = "", required = false }) {
    const box = make("div", "field");
    const input = make("input");
    input.type = "text";
    input.value = value;
    input.dataset.saved = value;
    input.maxLength = 200;
    input.placeholder = hint;
    input.autocomplete = "off";
    input.dataset.field = field;
    const wrong = make("p", "wrong");
    wrong.setAttribute("role", "alert");
    box.append(labelled(label, input), wrong);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") input.value = value;
    });
    input.addEventListener("change", () => {
      const text = input.value.trim();
      if (text === value || (required && !text)) return void (input.value = value);
      input.readOnly = true;
      this.acts.send({ who: this.data.person.id, ...request(text) }, (outcome) => {
        input.readOnly = false;
        if (outcome.ok) input.dataset.saved = input.value;
        this.tellWrong(wrong, outcome);
      });
    });
    return box;
  }

  tellWrong(place, { ok, text, other }) {
    place.replaceChildren(ok ? "" : text);
    if (ok || !other) return;
    place.append(" ", pressable("button small", this.data.texts.compare, () => this.tell("compared", other)));
  }

  gender(person, texts) {
    const box = make("div", "field");
    const select = make("select");
    select.dataset.field = "gender";
    for (const value of ["none", "female", "male"]) select.append(new Option(texts[`gender_${value}`], value, false, value === (person.gender || "none")));
    select.title = texts.gender_hint;
    const wrong = make("p", "wrong");
    wrong.setAttribute("role", "alert");
    select.addEventListener("change", () =>
      this.acts.send({ do: "gender", who: person.id, gender: select.value === "none" ? null : select.value }, (outcome) => this.tellWrong(wrong, outcome)),
    );
    box.append(labelled(texts.person_gender, select), wrong);
    return box;
  }

  aliases(person, texts) {
    const box = make("div", "field");
    const wrong = make("p", "wrong");
    wrong.setAttribute("role", "alert");
    const change = (request) =>
      this.acts.send({ do: "aliases", who: person.id, ...request }, (outcome) => {
        if (outcome.ok && request.add) input.value = "";
        this.tellWrong(wrong, outcome);
      });
    const row = make("ul", "chips");
    for (const alias of person.aliases) {
      const chip = make("li", "chip");
      chip.append(make("span", "name", alias), dropButton(fill(texts.drop_alias, { name: alias }), () => change({ remove: [alias] })));
      row.append(chip);
    }
    const input = make("input");
    input.type = "text";
    input.maxLength = 200;
    input.placeholder = texts.add_alias;
    input.autocomplete = "off";
    input.dataset.field = "alias";
    input.dataset.saved = "";
    input.setAttribute("aria-label", texts.add_alias);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || !input.value.trim()) return;
      event.preventDefault();
      change({ add: [input.value.trim()] });
    });
    box.append(make("span", "", texts.aliases), row, input, wrong);
    return box;
  }

  photos() {
    const { person, photos, editable, texts } = this.data;
    const box = make("section", "photos");
    const head = make("h3", "", texts.photos);
    head.append(make("span", "count", photos.count));
    box.append(head);
    const wrong = make("p", "wrong");
    wrong.setAttribute("role", "alert");
    const list = make("ul", "shots");
    for (const photo of photos.shown) {
      const item = make("li");
      item.append(facePicture(photo.picture, fill(texts.photo_of, { name: person.shown })));
      if (!photo.learnt) {
        const dot = make("span", "waiting");
        dot.title = texts.photo_waiting;
        dot.setAttribute("role", "img");
        dot.setAttribute("aria-label", texts.photo_waiting);
        item.append(dot);
      }
      if (editable)
        item.append(
          iconButton("quick", texts.photo_remove, CROSS_SHAPE, () =>
            this.acts.send({ do: "photos_out", who: person.id, sources: [photo.source] }, (outcome) => this.tellWrong(wrong, outcome)),
          ),
        );
      list.append(item);
    }
    if (photos.shown.length) box.append(list);
    box.append(wrong);
    if (editable) box.append(pressable("button", texts.add_photos, () => this.tell("went", "photos")));
    return box;
  }

  drawTools() {
    const { order, person, editable, texts } = this.data;
    const tools = this.root.querySelector(".tools");
    const parts = [make("h3", "", person.faces || person.none), make("span", "gap")];
    if (person.faces) {
      const orders = make("div", "orders");
      orders.setAttribute("role", "group");
      orders.setAttribute("aria-label", texts.order);
      for (const value of ["video", "doubt"]) {
        const button = pressable("", texts[`order_${value}`], () => this.tell("ordered", value));
        button.setAttribute("aria-pressed", String(value === order));
        orders.append(button);
      }
      parts.push(orders);
      if (editable) parts.push(pressable("button small", texts.select_all, () => this.grid.all(true)));
    }
    tools.replaceChildren(...parts);
  }

  drawFaces() {
    const { sections, more, texts } = this.data;
    this.grid.draw(sections);
    this.root.querySelector(".foot-tools").replaceChildren(...(more ? [pressable("button", texts.more, () => this.tell("more", true))] : []));
  }

  drawBar(wrong = "") {
    const bar = this.root.querySelector(".body > .selection");
    const tracks = [...this.grid.selected];
    this.grid.root.classList.toggle("choosing", Boolean(tracks.length));
    bar.hidden = !tracks.length;
    if (bar.hidden) return;
    const { texts, person } = this.data;
    if (!this.giving) {
      this.giving = new WhoField({ label: texts.give_to, hint: texts.somebody_else, texts, pick: (who) => this.give(who) });
    }
    this.giving.people = this.people.filter(({ id }) => id !== person.id);
    bar.replaceChildren(
      make("span", "many", counted(texts.selected_one, texts.selected_many, tracks.length)),
      pressable("button", fill(texts.not_this, { name: person.shown }), () => this.reject([...this.grid.selected])),
      this.giving.root,
      pressable("button plain", texts.clear, () => this.grid.all(false)),
    );
    this.giving.tellWrong(wrong);
  }

  reject(tracks) {
    this.change(tracks, { do: "reject", who: this.data.person.id, tracks });
  }

  give(who) {
    const tracks = [...this.grid.selected];
    this.change(tracks, { do: "name", tracks, ...who });
  }

  change(tracks, request) {
    this.grid.busy(tracks, true);
    this.acts.send(request, (outcome) => {
      this.grid.busy(tracks, false);
      if (outcome.ok) {
        for (const track of tracks) this.grid.selected.delete(track);
        this.giving?.clear();
        return this.drawBar();
      }
      for (const track of tracks) if (this.grid.tiles.has(track)) this.grid.set(track, true);
      this.drawBar(outcome.text);
    });
  }

  drawOut() {
    const { out, person, texts } = this.data;
    const box = this.root.querySelector(".out");
    box.hidden = !out.length;
    box.querySelector("summary").textContent = `${texts.taken_out} (${out.length})`;
    box.querySelector("p").textContent = fill(texts.taken_out_note, { name: person.shown });
    this.outGrid.draw([{ title: "", count: "", faces: out }]);
  }

  drawOutBar(wrong = "") {
    const bar = this.root.querySelector(".out .selection");
    const tracks = [...this.outGrid.selected];
    bar.hidden = !tracks.length;
    if (bar.hidden) return;
    const { texts, person } = this.data;
    const note = make("p", "wrong", wrong);
    note.setAttribute("role", "alert");
    bar.replaceChildren(
      make("span", "many", counted(texts.selected_one, texts.selected_many, tracks.length)),
      pressable("button main", fill(texts.put_back_face, { name: person.shown }), () =>
        this.acts.send({ do: "name", tracks, who: person.id }, (outcome) => {
          if (outcome.ok) this.outGrid.all(false);
          else this.drawOutBar(outcome.text);
        }),
      ),
      pressable("button plain", texts.clear, () => this.outGrid.all(false)),
      note,
    );
  }

  drawMerge() {
    const { merge, texts } = this.data;
    const box = this.root.querySelector(".merge");
    box.hidden = !merge && !this.choosing;
    if (box.hidden) return;
    const leave = pressable("button plain", texts.cancel, () => {
      this.choosing = false;
      if (this.data.merge) this.tell("compared", 0);
      this.part("merge", [null, this.data.lang, false], () => (box.hidden = true));
    });
    const parts = [make("h3", "", texts.merge_title)];
    this.chooser = new WhoField({ label: texts.merge_choose, hint: texts.merge_choose, texts, create: false, pick: ({ who }) => this.tell("compared", who) });
    this.chooser.people = this.people.filter(({ id }) => id !== this.data.person.id);
    const choose = make("div", "choose");
    choose.append(this.chooser.root);
    parts.push(choose);
    const acts = make("div", "acts");
    if (merge) {
      const sides = make("div", "sides");
      sides.append(...merge.map((side, place) => this.side(side, place)));
      const wrong = make("p", "wrong");
      wrong.setAttribute("role", "alert");
      parts.push(sides, make("p", "soft", texts.merge_hint), wrong);
      const button = pressable("button main", texts.merge_do, () => {
        const into = Number(box.querySelector("input[type=radio]:checked").value);
        const who = merge.map(({ id }) => id).find((id) => id !== into);
        button.disabled = true;
        this.acts.send({ do: "merge", who, into }, (outcome) => {
          button.disabled = false;
          this.choosing = false;
          this.tellWrong(wrong, outcome);
        });
      });
      acts.append(button);
    }
    acts.append(leave);
    box.replaceChildren(...parts, acts);
  }

  side({ id, shown, facts, faces, kept }, place) {
    const { texts } = this.data;
    const box = make("div", "side");
    const few = make("ul", "few");
    for (const face of faces.slice(0, FEW)) {
      const item = make("li");
      item.append(facePicture(face.picture, face.alt));
      few.append(item);
    }
    if (!faces.length) few.append(facePicture(null, ""));
    const keep = make("label", "keep");
    const radio = make("input");
    radio.type = "radio";
    radio.name = "kept";
    radio.value = id;
    radio.checked = kept;
    radio.dataset.place = place;
    keep.append(radio, fill(texts.merge_keep, { name: shown }));
    box.append(few, make("p", "name", shown), make("p", "soft", facts.join(" · ")), keep);
    return box;
  }
}

function labelled(text, control) {
  const label = make("label");
  label.append(make("span", "", text), control);
  return label;
}

const sheets = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!sheets.has(parentElement)) sheets.set(parentElement, new Sheet(parentElement));
  sheets.get(parentElement).update(data, setTriggerValue);
  return () => sheets.delete(parentElement);
}
