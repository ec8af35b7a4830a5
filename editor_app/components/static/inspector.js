// The segment at hand: captions and people where they stand, the models' beside; or the selection, all at once.
const TOAST_MS = 9000;
const LONGEST = 5000; // characters of a caption
const LONGEST_LIST = 8;

// People whose name has what was typed, those whose name begins with it first.
function matching(people, typed) {
  const wanted = folded(typed);
  const placed = people.map((person) => [fitting(person, wanted), person]).filter(([at]) => at !== null);
  return placed.sort((one, other) => one[0] - other[0]).map(([, person]) => person);
}

// A field that finds a person by any of their names.
class PersonField {
  constructor(id, choose) {
    this.choose = choose;
    this.box = make("div", "finder");
    this.input = make("input");
    this.input.type = "text";
    this.input.autocomplete = "off";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-expanded", "false");
    this.input.setAttribute("aria-controls", id);
    this.list = make("ul", "options");
    this.list.id = id;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.box.append(this.input, this.list);
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("focus", () => this.open());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  update(people, texts, label) {
    this.people = withFolded(people);
    this.texts = texts;
    this.input.placeholder = label;
    this.input.setAttribute("aria-label", label);
    this.list.setAttribute("aria-label", texts.on_screen);
  }

  open() {
    this.found = matching(this.people, this.input.value).slice(0, LONGEST_LIST);
    this.at = this.input.value.trim() ? 0 : -1;
    this.list.replaceChildren(...this.found.map((person, index) => this.option(person, index)));
    if (!this.found.length) this.list.append(make("li", "none", this.texts.no_such_person));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.mark();
  }

  option(person, index) {
    const item = make("li", "option");
    item.id = `${this.list.id}-${index}`;
    item.setAttribute("role", "option");
    item.append(make("span", "name", person.name));
    if (person.group) item.append(make("span", "group", person.group));
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the field keeps the focus
      this.take(index);
    });
    return item;
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  mark() {
    [...this.list.querySelectorAll(".option")].forEach((item, index) => item.setAttribute("aria-selected", String(index === this.at)));
    if (this.at >= 0 && this.found[this.at]) this.input.setAttribute("aria-activedescendant", `${this.list.id}-${this.at}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  take(index) {
    const person = this.found[index];
    if (!person) return;
    this.input.value = "";
    this.close();
    this.choose(person.id);
  }

  key(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) this.open();
      this.at = Math.max(0, Math.min(this.found.length - 1, this.at + step));
      this.mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.take(Math.max(0, this.at));
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.list.hidden) this.input.value = "";
      this.close();
    }
  }
}

// One caption: a text that grows, whose words they are, what the model says, what could be written.
class CaptionField {
  constructor(lang, inspector) {
    this.lang = lang;
    this.inspector = inspector;
    this.box = make("div", "written");
    this.label = make("label");
    this.text = make("textarea");
    this.text.id = `caption-${lang}`;
    this.text.rows = 1;
    this.text.lang = lang;
    this.text.dir = "auto";
    this.label.htmlFor = this.text.id;
    this.badge = make("span", "by");
    this.head = make("div", "line-head");
    this.head.append(this.label, this.badge);
    this.below = make("div", "below");
    this.ideas = make("div", "ideas");
    this.model = make("div", "model");
    this.box.append(this.head, this.text, this.below, this.ideas, this.model);
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("focus", () => this.drawIdeas());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.grower = new ResizeObserver(() => this.grow());
    this.grower.observe(this.box);
  }

  get draft() {
    return this.inspector.drafts.get(`${this.detail.id}:${this.lang}`);
  }

  update(detail, caption, editable, texts) {
    const moved = this.detail?.id !== detail.id;
    this.detail = detail;
    this.caption = caption;
    this.texts = texts;
    this.editable = editable && !detail.locked;
    this.label.textContent = texts[`caption_${this.lang}`];
    this.text.placeholder = caption.text ? "" : texts.write_caption;
    this.text.readOnly = !this.editable;
    const draft = this.draft;
    const wanted = draft ? draft.text : caption.text;
    if (this.text.value !== wanted && (moved || !draft)) this.text.value = wanted;
    if (moved) this.ideas.replaceChildren();
    this.badge.hidden = !caption.text;
    this.badge.className = caption.human ? "by person" : "by machine";
    this.badge.textContent = caption.human ? texts.by_person : texts.by_model;
    this.badge.title = caption.human ? texts.by_person_tip : texts.by_model_tip;
    this.box.classList.toggle("human", caption.human);
    this.drawModel();
    this.drawBelow();
    this.grow();
  }

  grow() {
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 2}px`;
  }

  typed() {
    const { drafts } = this.inspector;
    const key = `${this.detail.id}:${this.lang}`;
    if (this.text.value === this.caption.text) drafts.delete(key);
    else drafts.set(key, { text: this.text.value, version: drafts.get(key)?.version ?? this.detail.version });
    this.drawBelow();
    this.grow();
  }

  drawBelow() {
    const draft = this.draft;
    this.box.classList.toggle("dirty", Boolean(draft));
    if (!draft || !this.editable) return this.below.replaceChildren();
    const over = [...draft.text.trim()].length - LONGEST;
    const save = pressable("do main", this.texts.save, () => this.save());
    save.disabled = !draft.text.trim() || over > 0;
    const hint = make("span", "hint", over > 0 ? fill(this.texts.too_long, { count: over }) : this.texts.caption_hint);
    if (!this.below.children.length || this.below.dataset.over !== String(over > 0)) {
      this.below.dataset.over = String(over > 0);
      this.below.replaceChildren(save, pressable("do", this.texts.cancel, () => this.putBack()), hint);
    } else {
      this.below.firstElementChild.disabled = save.disabled;
      this.below.lastElementChild.textContent = hint.textContent;
    }
  }

  drawModel() {
    const { human, auto, offered, text } = this.caption;
    this.model.replaceChildren();
    this.model.classList.toggle("offered", offered);
    if (!human || (auto === text && !offered)) return;
    const told = make("p", "auto");
    told.append(make("b", "", offered ? this.texts.offer : this.texts.model_says), " ");
    const said = make("bdi", auto ? "" : "none", auto || this.texts.model_silent);
    said.lang = this.lang;
    told.append(said);
    this.model.append(told);
    if (!this.editable) return;
    const ask = { ids: [this.detail.id], layers: [this.lang], seen: { [this.detail.id]: this.detail.version } };
    this.model.append(pressable("do", this.texts.use_model, () => this.inspector.edit({ do: "models", ...ask })));
    if (offered) this.model.append(pressable("do", this.texts.keep_mine, () => this.inspector.edit({ do: "keep", ...ask })));
  }

  // They stay when the field is left: nothing moves away under a press on what is below.
  drawIdeas() {
    for (const other of Object.values(this.inspector.fields)) if (other !== this) other.ideas.replaceChildren();
    if (!this.editable) return;
    const { before, after } = this.inspector.neighbours(this.detail, this.lang);
    const ideas = [[this.texts.suggest_before, before], [this.texts.suggest_after, after]];
    this.ideas.replaceChildren(
      ...ideas.filter(([, text]) => text && text !== this.text.value).map(([label, text]) => {
        const idea = pressable("idea", "", () => {
          this.text.value = text;
          this.typed();
          this.text.focus();
        });
        const words = make("bdi", "", text);
        words.lang = this.lang;
        idea.append(make("b", "", label), words);
        idea.title = text;
        return idea;
      }),
    );
  }

  save() {
    const draft = this.draft;
    if (!draft || !draft.text.trim()) return;
    const { id } = this.detail;
    this.inspector.edit({ do: "captions", ids: [id], captions: { [this.lang]: draft.text }, seen: { [id]: draft.version } });
  }

  putBack() {
    this.inspector.drafts.delete(`${this.detail.id}:${this.lang}`);
    this.text.value = this.caption.text;
    this.drawBelow();
    this.grow();
    this.text.focus();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.draft) this.putBack();
      else this.text.blur();
    }
  }
}

class Inspector {
  constructor(root, act) {
    this.root = root;
    this.act = act;
    this.drafts = new Map(); // what was typed and not saved, by segment and language; nothing typed is lost
    this.asked = new Map(); // requests under way, by token
    this.answered = null;
    this.one = make("div", "one");
    this.many = make("div", "many");
    this.head = make("header", "about-segment");
    this.captions = make("div", "fields");
    this.people = make("div", "people");
    this.one.append(this.head, this.captions, this.people);
    this.toast = make("div", "toast");
    this.toast.setAttribute("role", "status");
    this.toast.hidden = true;
    this.root.append(this.many, this.one, this.toast);
    this.dialog = make("dialog", "conflict");
    this.root.append(this.dialog);
    this.fields = {};
    for (const lang of ["ko", "en"]) this.fields[lang] = new CaptionField(lang, this);
    this.finder = new PersonField("who-is-there", (id) => this.addPeople([id]));
    this.bulkFinder = new PersonField("who-is-in-all", (id) => this.bulkPeople("add", id));
    this.bulkRemover = new PersonField("who-is-in-none", (id) => this.bulkPeople("remove", id));
    this.bulkText = make("textarea");
    this.bulkText.rows = 2;
    this.bulkText.dir = "auto";
    this.bulkText.addEventListener("input", () => this.drawBulkSave());
    window.addEventListener("beforeunload", (this.onLeave = (event) => this.drafts.size && event.preventDefault()));
  }

  close() {
    window.removeEventListener("beforeunload", this.onLeave);
    clearTimeout(this.fading);
  }

  update(data) {
    this.data = data;
    this.root.setAttribute("aria-label", data.texts.inspector);
    const answer = data.outcome;
    if (answer && answer.token !== this.answered) this.answer(answer);
    const drawn = JSON.stringify([data.details, data.known, data.picked, data.chosen, data.editable, data.lang]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const bulk = data.picked.length > 1 || (data.picked.length === 1 && data.picked[0] !== data.chosen);
    const detail = data.details.find(({ id }) => id === data.chosen);
    this.many.hidden = !bulk;
    this.one.hidden = !detail;
    this.root.classList.toggle("nothing", !bulk && !detail);
    if (bulk) this.drawMany();
    if (detail) this.drawOne(detail);
  }

  // what was asked, and what became of it

  edit(request) {
    const token = this.act.edit(request);
    this.asked.set(token, request);
    return token;
  }

  answer(answer) {
    this.answered = answer.token;
    const asked = this.asked.get(answer.token);
    this.asked.delete(answer.token);
    if (asked?.do === "captions" && answer.ok) {
      for (const id of asked.ids) for (const lang of Object.keys(asked.captions)) this.drop(id, lang, asked.captions[lang]);
      if (asked.ids.length > 1) this.bulkText.value = "";
    }
    if (answer.conflict && asked) this.showConflict(answer, asked);
    else this.say(answer);
  }

  drop(id, lang, saved) {
    const key = `${id}:${lang}`;
    if (this.drafts.get(key)?.text === saved) this.drafts.delete(key); // not what was typed since
  }

  say({ ok, message, operation, do: what }) {
    const { texts } = this.data;
    this.toast.className = ok ? "toast" : "toast wrong";
    this.toast.setAttribute("role", ok ? "status" : "alert");
    this.toast.replaceChildren(make("span", "", message));
    if (operation && !["undo", "redo", "revert"].includes(what)) {
      this.toast.append(pressable("do", texts.undo, () => {
        this.hush();
        this.edit({ do: "revert", operation });
      }));
    }
    const close = dropButton(texts.dismiss, () => this.hush());
    this.toast.append(close);
    this.toast.hidden = false;
    clearTimeout(this.fading);
    if (ok) this.fading = setTimeout(() => this.toast.matches(":hover, :focus-within") || this.hush(), TOAST_MS);
  }

  hush() {
    this.toast.hidden = true;
  }

  showConflict({ conflict, message }, asked) {
    const { texts, lang } = this.data;
    const versions = Object.fromEntries(conflict.theirs.map(({ id, version }) => [id, version]));
    const seeNow = () => {
      for (const [key, draft] of this.drafts) {
        const id = Number(key.split(":")[0]);
        if (id in versions) this.drafts.set(key, { ...draft, version: versions[id] });
      }
    };
    const end = (then) => () => {
      seeNow();
      this.dialog.close();
      then?.();
      this.drawn = null;
      this.update(this.data);
    };
    const title = make("h3", "", texts.conflict_title);
    title.id = "conflict-title";
    this.dialog.setAttribute("aria-labelledby", title.id);
    const sides = make("div", "sides");
    sides.append(this.side(texts.theirs, this.theirLines(conflict.theirs, asked)), this.side(texts.mine, conflict.mine.length ? conflict.mine : [{ lang, text: message }]));
    const keep = pressable("do", texts.keep_theirs, end(() => {
      for (const id of asked.ids || []) for (const code of Object.keys(asked.captions || {})) this.drafts.delete(`${id}:${code}`);
    }));
    const over = pressable("do main", texts.write_mine, end(() => this.edit({ ...conflict.asked, seen: { ...asked.seen, ...versions } })));
    const on = pressable("do", texts.edit_on, end());
    const buttons = make("div", "buttons");
    buttons.append(keep, ...(asked.do === "captions" ? [on] : []), over);
    this.dialog.replaceChildren(title, make("p", "", conflict.by), sides, buttons);
    this.dialog.oncancel = () => end()();
    this.dialog.showModal();
  }

  theirLines(theirs, asked) {
    const languages = asked.captions ? Object.keys(asked.captions) : null;
    return theirs.flatMap((detail) => {
      if (asked.do === "people") return [{ lang: this.data.lang, text: detail.people.map(({ name }) => name).join(", ") || "—" }];
      const captions = detail.captions.filter(({ lang }) => !languages || languages.includes(lang));
      return [...(languages ? [] : [{ lang: this.data.lang, text: detail.span }]), ...captions.map(({ lang, text }) => ({ lang, text }))];
    });
  }

  side(label, lines) {
    const box = make("div", "side");
    box.append(make("b", "", label));
    for (const { lang, text } of lines) {
      const line = make("p", "", text);
      line.lang = lang;
      line.dir = "auto";
      box.append(line);
    }
    return box;
  }

  // one segment

  drawOne(detail) {
    const { texts, editable, known } = this.data;
    const free = editable && !detail.locked;
    this.drawHead(detail);
    const fields = detail.captions.map((caption) => {
      const field = this.fields[caption.lang];
      field.update(detail, caption, editable, texts);
      return field.box;
    });
    if (this.order !== detail.captions.map(({ lang }) => lang).join()) {
      this.order = detail.captions.map(({ lang }) => lang).join();
      this.captions.replaceChildren(...fields);
      for (const { lang } of detail.captions) this.fields[lang].grow();
    }
    this.drawPeople(detail, free, known);
  }

  drawHead(detail) {
    const { texts, editable } = this.data;
    const seen = { [detail.id]: detail.version };
    const held = this.focused(this.head);
    const name = make("b", "number", fill(texts.segment_number, { id: detail.id }));
    this.head.replaceChildren(name, make("span", "time", detail.span));
    if (detail.locked) this.head.append(make("span", "locked", texts.locked_note));
    if (!editable) this.head.append(make("span", "locked", texts.viewer_note));
    const gap = make("span", "gap");
    const history = make("a", "do", texts.history_link);
    history.href = `history?segment=${detail.id}&lang=${this.data.lang}`;
    history.target = "_self";
    this.head.append(gap, history);
    if (editable) {
      const turn = detail.locked ? "unlock" : "lock";
      const lock = pressable("do", texts[turn], () => this.edit({ do: turn, ids: [detail.id] }));
      const remove = pressable("do", texts.delete, () => this.edit({ do: "delete", ids: [detail.id], seen }));
      remove.disabled = detail.locked;
      this.head.append(lock, remove);
    }
    if (held >= 0) this.head.querySelectorAll("button, a")[held]?.focus();
  }

  focused(box) {
    return [...box.querySelectorAll("button, a")].indexOf(box.getRootNode().activeElement);
  }

  drawPeople(detail, free, known) {
    const { texts } = this.data;
    const row = make("ul", "chips who");
    row.setAttribute("aria-label", texts.on_screen);
    for (const person of detail.people) row.append(this.person(detail, person, free));
    if (!detail.people.length) row.append(make("li", "nobody", texts.nobody));
    const head = make("span", "people-label", texts.on_screen);
    const typing = this.finder.input.getRootNode().activeElement === this.finder.input;
    const parts = [head, row];
    if (free) {
      const there = new Set(detail.people.map(({ id }) => id));
      this.finder.update(known.filter(({ id }) => !there.has(id)), texts, texts.add_person);
      parts.push(this.finder.box);
    }
    if (detail.absent.length) parts.push(this.absent(detail, free));
    for (const offer of detail.offers) parts.push(this.offer(detail, offer, free));
    this.people.replaceChildren(...parts);
    if (typing && free) this.finder.input.focus();
  }

  person(detail, { id, name, group, human, percent }, free) {
    const { texts } = this.data;
    const chip = make("li", human ? "chip person human" : "chip person");
    chip.title = human ? texts.by_person_tip : percent === null ? texts.by_model_tip : fill(texts.sure, { percent });
    chip.append(make("span", "name", name));
    if (group) chip.append(make("span", "group", group));
    chip.append(make("span", human ? "by person" : "by machine", human ? texts.by_person : percent === null ? texts.by_model : `${percent}%`));
    if (free) chip.append(dropButton(fill(texts.remove_person, { name }), () => this.edit({ do: "people", ids: [detail.id], remove: [id], seen: { [detail.id]: detail.version } })));
    return chip;
  }

  absent(detail, free) {
    const { texts } = this.data;
    const row = make("ul", "chips absent");
    row.append(make("li", "label", texts.not_here));
    for (const { id, name } of detail.absent) {
      const chip = make("li", "chip gone");
      chip.append(make("s", "", name));
      if (free) {
        const back = pressable("drop", "↺", () => this.addPeople([id]));
        back.title = fill(texts.put_back, { name });
        back.setAttribute("aria-label", back.title);
        chip.append(back);
      }
      row.append(chip);
    }
    return row;
  }

  offer(detail, { name, now }, free) {
    const { texts } = this.data;
    const box = make("div", "model offered");
    box.append(make("p", "auto", fill(now ? texts.seen_by_model : texts.not_seen_by_model, { name })));
    const ask = { ids: [detail.id], layers: ["people"], seen: { [detail.id]: detail.version } };
    if (free) {
      box.append(
        pressable("do", texts.use_model, () => this.edit({ do: "models", ...ask })),
        pressable("do", texts.keep_mine, () => this.edit({ do: "keep", ...ask })),
      );
    }
    return box;
  }

  addPeople(ids) {
    const detail = this.data.details.find(({ id }) => id === this.data.chosen);
    if (detail) this.edit({ do: "people", ids: [detail.id], add: ids, seen: { [detail.id]: detail.version } });
  }

  neighbours(detail, lang) {
    const all = this.data.film?.segments || [];
    const at = all.findIndex(({ id }) => id === detail.id);
    const text = (segment) => (segment && segment.lang === lang ? segment.text : "");
    return at < 0 ? {} : { before: text(all[at - 1]), after: text(all[at + 1]) };
  }

  // a selection

  get seen() {
    return Object.fromEntries(this.data.details.map(({ id, version }) => [id, version]));
  }

  drawMany() {
    const { texts, picked, editable, known, details, lang } = this.data;
    const videos = new Set(details.map(({ video }) => video));
    const count = picked.length;
    const head = make("header", "about-segment");
    head.append(make("b", "number", count === 1 ? texts.selected_one : fill(texts.selected_many, { count })), make("span", "gap"));
    const ask = (what, extra = {}) => () => this.edit({ do: what, ids: picked, seen: this.seen, ...extra });
    if (editable) {
      const merge = pressable("do", texts.merge, ask("merge"));
      merge.disabled = count < 2 || videos.size > 1;
      merge.title = merge.disabled ? texts.merge_hint : "M";
      const locked = details.every((detail) => detail.locked);
      const turn = locked ? "unlock" : "lock";
      head.append(merge, pressable("do", texts[turn], () => this.edit({ do: turn, ids: picked })), pressable("do", texts.bulk_models, ask("models", { layers: ["ko", "en", "people"] })), pressable("do", texts.delete, ask("delete")));
    }
    head.append(pressable("do", texts.clear_selection, () => this.act.pick([])));
    if (!editable) return this.many.replaceChildren(head);
    const written = make("div", "written");
    this.bulkText.setAttribute("aria-label", texts.bulk_caption);
    this.bulkText.placeholder = texts.bulk_caption;
    this.bulkLang ??= lang;
    this.bulkBelow = make("div", "below");
    written.append(this.bulkText, this.bulkBelow);
    this.drawBulkSave();
    this.bulkFinder.update(known, texts, texts.bulk_add);
    this.bulkRemover.update(known, texts, texts.bulk_remove);
    const finders = make("div", "finders");
    finders.append(this.bulkFinder.box, this.bulkRemover.box);
    const typing = [this.bulkText, this.bulkFinder.input, this.bulkRemover.input].find((field) => field.getRootNode().activeElement === field);
    this.many.replaceChildren(head, written, finders);
    typing?.focus();
  }

  drawBulkSave() {
    const { texts, picked } = this.data;
    const text = this.bulkText.value.trim();
    this.bulkBelow.replaceChildren(
      ...(text ? ["ko", "en"] : []).map((lang) => {
        const label = `${texts[`caption_${lang}`]}: ${fill(texts.bulk_write, { count: picked.length })}`;
        const save = pressable("do", label, () => this.edit({ do: "captions", ids: picked, captions: { [lang]: text }, seen: this.seen }));
        save.disabled = [...text].length > LONGEST;
        return save;
      }),
    );
  }

  bulkPeople(how, person) {
    this.edit({ do: "people", ids: this.data.picked, [how]: [person], seen: this.seen });
  }
}
