// What the parts of the people page share: pictures of faces, names to choose from, and requests that are not lost.
const FACE_SHAPE =
  "M12 12c2.200 0 4-1.800 4-4s-1.800-4-4-4-4 1.800-4 4 1.800 4 4 4zm0 2c-2.700 0-8 1.340-8 4v2h16v-2c0-2.660-5.300-4-8-4z";
const PLAY_SHAPE = "M8 5v14l11-7z";
const CROSS_SHAPE = "M19 6.410 17.590 5 12 10.590 6.410 5 5 6.410 10.590 12 5 17.590 6.410 19 12 13.410 17.590 19 19 17.590 13.410 12z";
const OPTIONS = 8;
const SETTLES_MS = 600;

// A face, or a shape where there is no picture of it.
function facePicture(source, alt) {
  const box = make("span", "face");
  const image = source && picture(source, alt);
  if (!image) {
    box.append(icon(FACE_SHAPE));
    return box;
  }
  image.addEventListener("error", () => image.replaceWith(icon(FACE_SHAPE)), { once: true });
  box.append(image);
  return box;
}

function iconButton(className, label, path, press) {
  const button = pressable(className, "", press);
  button.title = label;
  button.setAttribute("aria-label", label);
  button.append(icon(path));
  return button;
}

function counted(one, many, count) {
  return count === 1 ? one : fill(many, { count: count.toLocaleString("en") });
}

// Requests on their way to the server: each is sent until its outcome comes back, so that none is lost between runs.
class Acts {
  constructor() {
    this.client = Math.random().toString(36).slice(2, 10);
    this.count = 0;
    this.waiting = new Map();
  }

  send(request, done = () => {}) {
    this.count += 1;
    const token = `${this.client}-${this.count}`;
    this.waiting.set(token, { request: { ...request, token }, done });
    this.tell("acts", [...this.waiting.values()].map((each) => each.request));
  }

  update(outcomes, tell) {
    this.tell = tell;
    for (const outcome of outcomes) {
      const sent = this.waiting.get(outcome.token);
      if (!sent) continue;
      this.waiting.delete(outcome.token);
      sent.done(outcome);
    }
  }
}

let fields = 0;

// A field for a name: known people are offered while somebody types; Enter takes the one that is lit, else the text.
class WhoField {
  constructor({ label, hint, texts, create = true, pick }) {
    this.texts = texts;
    this.create = create;
    this.pick = pick;
    this.people = [];
    this.lit = -1;
    fields += 1;
    this.root = make("div", "who");
    this.input = make("input");
    this.input.type = "text";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.maxLength = 400;
    this.input.placeholder = hint;
    this.list = make("ul", "options");
    this.list.id = `who-${fields}`;
    this.list.popover = "manual";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", label);
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-label": label,
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    }))
      this.input.setAttribute(name, value);
    this.note = make("p", "wrong");
    this.note.setAttribute("role", "alert");
    this.root.append(this.input, this.list, this.note);
    this.input.addEventListener("input", () => this.suggest());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this.take(Number(option.dataset.place));
    });
    this.follow = () => this.close();
  }

  get text() {
    return this.input.value.trim();
  }

  clear() {
    this.input.value = "";
    this.tellWrong("");
    this.close();
  }

  tellWrong(text) {
    this.note.textContent = text;
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
  }

  suggest() {
    this.tellWrong("");
    const typed = folded(this.text);
    if (!typed) return this.close();
    const found = [];
    for (const person of this.people) {
      const fit = fitting(person, typed);
      if (fit !== null) found.push({ person, fit });
    }
    found.sort((a, b) => a.fit - b.fit);
    const exact = this.meant(typed);
    const options = found.slice(0, OPTIONS).map(({ person }) => ({ person }));
    if (this.create && !exact.length) options.push({ name: this.text });
    const lit = exact.length ? options.findIndex(({ person }) => person?.id === exact[0].id) : found[0]?.fit === 0 ? 0 : -1;
    this.show(options, lit);
  }

  // Who is called exactly that: by group and name, else by name, else by what else they are called.
  meant(typed) {
    for (const names of [(p) => [p.label], (p) => [p.name], (p) => p.names]) {
      const found = this.people.filter((person) => names(person).map(folded).includes(typed));
      if (found.length) return found;
    }
    return [];
  }

  show(options, lit) {
    this.options = options;
    this.list.replaceChildren(...options.map((option, place) => this.option(option, place)));
    if (!options.length) return this.close();
    if (!this.list.matches(":popover-open")) {
      this.list.showPopover();
      window.addEventListener("scroll", this.follow, { capture: true, once: true });
    }
    const { left, bottom, width } = this.input.getBoundingClientRect();
    this.list.style.left = `${Math.max(8, Math.min(left, innerWidth - Math.max(width, 220) - 8))}px`;
    this.list.style.width = `${Math.max(width, 220)}px`;
    const below = innerHeight - bottom > this.list.offsetHeight + 8;
    this.list.style.top = below ? `${bottom + 3}px` : `${this.input.getBoundingClientRect().top - this.list.offsetHeight - 3}px`;
    this.input.setAttribute("aria-expanded", "true");
    this.light(lit);
  }

  option({ person, name }, place) {
    const item = make("li", "option");
    item.id = `${this.list.id}-${place}`;
    item.dataset.place = place;
    item.setAttribute("role", "option");
    item.append(person ? facePicture(person.picture, "") : icon(FACE_SHAPE));
    const text = make("span", "text");
    text.append(make("b", "", person ? person.shown : fill(this.texts.name_new, { name })));
    if (person?.also) text.append(make("span", "also", person.also));
    item.append(text);
    return item;
  }

  light(place) {
    this.lit = place;
    for (const option of this.list.children)
      option.setAttribute("aria-selected", String(Number(option.dataset.place) === place));
    if (place < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${place}`);
    this.list.children[place]?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return; // a Korean syllable is being put together
    const open = this.list.matches(":popover-open");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.close();
    } else if (step) {
      event.preventDefault();
      if (!open) return this.suggest();
      const count = this.options.length;
      this.light(((this.lit < 0 && step < 0 ? 0 : this.lit) + step + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.enter();
    }
  }

  enter() {
    const typed = folded(this.text);
    if (!typed) return;
    if (this.list.matches(":popover-open") && this.lit >= 0) return this.take(this.lit);
    const exact = this.meant(typed);
    if (exact.length > 1) {
      this.show(exact.map((person) => ({ person })), -1);
      return this.tellWrong(this.texts.name_several);
    }
    if (exact.length) return this.choose({ person: exact[0] });
    if (this.create) return this.choose({ name: this.text });
    this.tellWrong(this.texts.found_nobody);
  }

  take(place) {
    this.choose(this.options[place]);
  }

  choose(option) {
    this.close();
    if (option.person) this.input.value = option.person.shown;
    this.pick(option.person ? { who: option.person.id } : { name: option.name }, option.person?.shown ?? option.name);
  }

  close() {
    window.removeEventListener("scroll", this.follow, true);
    if (this.list.matches(":popover-open")) this.list.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.lit = -1;
  }
}

// Faces that can be selected one by one, over a stretch with shift, or all at once.
class FaceGrid {
  constructor({ texts, editable, play, changed, quick = null }) {
    Object.assign(this, { texts, editable, play, changed, quick });
    this.root = make("div", "grid-of-faces");
    this.selected = new Set();
    this.tiles = new Map();
    this.last = null;
  }

  // groups: {title, count, faces: [{track, picture, alt, time, href, moment, doubt, said}]}
  draw(groups) {
    if (this.order) this.moved = performance.now();
    const tracks = groups.flatMap(({ faces }) => faces.map(({ track }) => track));
    for (const track of this.selected) if (!tracks.includes(track)) this.selected.delete(track);
    this.order = tracks;
    this.tiles.clear();
    this.root.replaceChildren(
      ...groups.map(({ title, count, faces }) => {
        const section = make("section");
        section.style.setProperty("--faces", faces.length);
        if (title) {
          const head = make("h4");
          const name = make("span", "title", title);
          name.title = title;
          head.append(name, make("span", "count", count));
          section.append(head);
        }
        const list = make("ul", "tiles");
        list.append(...faces.map((face) => this.tile(face)));
        section.append(list);
        return section;
      }),
    );
    this.changed();
  }

  tile(face) {
    const item = make("li", "tile");
    item.dataset.track = face.track;
    const shown = facePicture(face.picture, this.editable ? "" : face.alt);
    if (this.editable) {
      const label = make("label", "pick");
      const box = make("input");
      box.type = "checkbox";
      box.checked = this.selected.has(face.track);
      box.setAttribute("aria-label", `${this.texts.select_face}: ${face.alt}`);
      box.addEventListener("click", (event) => this.toggle(face.track, box.checked, event.shiftKey));
      label.append(box, shown);
      label.title = face.alt;
      item.append(label);
      if (this.quick) item.append(iconButton("quick", `${this.quick.label}: ${face.alt}`, this.quick.icon, () => this.pressQuick(face.track)));
    } else item.append(shown);
    const foot = make("div", "foot");
    foot.append(face.moment ? this.link(face) : make("span", "time", face.time));
    if (face.doubt) {
      const doubt = make("span", "doubt", face.doubt);
      doubt.title = face.sure;
      doubt.setAttribute("role", "img");
      doubt.setAttribute("aria-label", face.sure);
      foot.append(doubt);
    }
    if (face.said) {
      const said = make("span", "said", "✓");
      said.title = face.said;
      said.setAttribute("role", "img");
      said.setAttribute("aria-label", face.said);
      foot.append(said);
    }
    item.append(foot);
    this.tiles.set(face.track, item);
    item.classList.toggle("selected", this.selected.has(face.track));
    return item;
  }

  pressQuick(track) {
    // a second press of a double one is not meant for the face that has moved up
    if (performance.now() - (this.moved ?? -Infinity) > SETTLES_MS) this.quick.press([track]);
  }

  link(face) {
    const link = make("a", "time at");
    link.href = face.href;
    link.title = `${this.texts.play}: ${face.alt}`;
    link.setAttribute("aria-label", `${this.texts.play}: ${face.alt}`);
    link.append(icon(PLAY_SHAPE), face.time);
    inPlace(link, () => this.play(face.moment));
    return link;
  }

  toggle(track, on, through) {
    const [from, to] = [this.order.indexOf(this.last), this.order.indexOf(track)].sort((a, b) => a - b);
    const stretch = through && this.last !== null && from >= 0 ? this.order.slice(from, to + 1) : [track];
    for (const each of stretch) this.set(each, on);
    this.last = track;
    this.changed();
  }

  set(track, on) {
    if (on) this.selected.add(track);
    else this.selected.delete(track);
    const tile = this.tiles.get(track);
    tile.classList.toggle("selected", on);
    tile.querySelector("input").checked = on;
  }

  all(on) {
    for (const track of this.order) this.set(track, on);
    this.changed();
  }

  // Tiles that an edit under way is about.
  busy(tracks, on) {
    for (const track of tracks) this.tiles.get(track)?.classList.toggle("busy", on);
  }
}

// A link that stays in this visit when it is simply pressed, and is a link for everything else.
function inPlace(link, press) {
  link.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    press();
  });
}
