// What was done, a day at a time. A press on a way back asks the server what it would do, and shows that in place.
const MORE = "M6 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm6 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4zm6 0a2 2 0 1 0 0 4 2 2 0 0 0 0-4z";
const PLAY = "M8 5v14l11-7z";
const PERSON = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0 2c-3.300 0-8 1.700-8 5v1h16v-1c0-3.300-4.700-5-8-5z";
const FOLDED = 3; // lines of a text before it can be unfolded

function sentence(parts, tag = "p") {
  const line = make(tag, "did");
  for (const { text, strong } of parts) line.append(strong ? make("b", "", text) : text);
  return line;
}

function person({ name, group, change, tip }) {
  const chip = make("li", `chip ${change}`);
  chip.title = tip;
  const sign = make("span", "sign", { in: "+", out: "−", same: "=" }[change]);
  sign.setAttribute("aria-hidden", "true");
  chip.append(sign, make("span", "name", name));
  if (group) chip.append(make("span", "group", group));
  chip.setAttribute("aria-label", tip);
  return chip;
}

function changedWords(parts) {
  const text = make("p", "text");
  for (const { change, text: words } of parts) {
    if (change === "same") {
      text.append(words);
      continue;
    }
    const space = /^\s*/.exec(words)[0]; // a line below a space reads as a word
    text.append(space, make(change === "in" ? "ins" : "del", "", words.slice(space.length)));
  }
  return text;
}

const LINES = {
  caption({ lang, label, parts, note }, texts) {
    const box = make("div", "line caption");
    const text = changedWords(parts);
    text.lang = lang;
    box.append(make("span", "label", label), text);
    if (note) box.append(make("span", "note", note));
    foldable(box, text, texts);
    return box;
  },
  range({ label, before, after, model }, texts) {
    const box = make("div", "line range");
    const bars = make("span", "bars");
    bars.setAttribute("aria-hidden", "true");
    const words = make("span", "text time");
    for (const [name, span, said] of [["old", before, texts.range_before], ["new", after, texts.range_after]]) {
      if (!span) continue;
      const bar = make("i", name);
      bar.style.left = `${span.left}%`;
      bar.style.width = `${span.width}%`;
      bars.append(bar);
      if (words.childNodes.length) words.append(make("span", "to", " → "));
      const told = make("span", name);
      told.append(make("span", "hidden", `${said} `), span.text);
      words.append(told);
    }
    if (model) words.append(make("span", "to", " → "), make("span", "", model));
    box.append(make("span", "label", label), ...(before && after ? [bars] : []), words);
    return box;
  },
  people({ people }) {
    const row = make("ul", "line chips");
    row.append(...people.map(person));
    return row;
  },
  state({ text, state }) {
    return make("p", `line state ${state}`, text);
  },
  mark({ label, name, group, note }) {
    const box = make("div", "line mark");
    box.append(make("span", "label", label));
    if (name) {
      const chip = make("span", note ? "chip out" : "chip");
      chip.append(make("span", "name", name));
      if (group) chip.append(make("span", "group", group));
      box.append(chip);
    }
    if (note) box.append(make("span", "note", note));
    return box;
  },
  names({ label, words }, texts) {
    const box = make("div", "line names");
    const list = make("span", "text");
    for (const { change, text } of words) {
      const word = make(change === "in" ? "ins" : "del", "", text);
      word.title = (change === "in" ? texts.inserted : texts.deleted).replace("{text}", () => text);
      if (list.childNodes.length) list.append(" ");
      list.append(word);
    }
    box.append(make("span", "label", label), list);
    return box;
  },
  value({ label, before, after }) {
    const box = make("div", "line value");
    const text = make("span", "text");
    if (before) text.append(make("del", "", before));
    if (before && after) text.append(make("span", "to", " → "));
    if (after) text.append(make("ins", "", after));
    box.append(make("span", "label", label), text);
    return box;
  },
};

// A long text shows its first lines, and a button for the rest, where it has more than fit.
function foldable(box, text, texts) {
  const button = make("button", "fold", texts.whole_text);
  button.type = "button";
  button.hidden = true;
  button.setAttribute("aria-expanded", "false");
  text.classList.add("folded");
  text.style.setProperty("--lines", FOLDED);
  button.addEventListener("click", () => {
    const folded = text.classList.toggle("folded");
    button.textContent = folded ? texts.whole_text : texts.less_text;
    button.setAttribute("aria-expanded", String(!folded));
  });
  watched.observe(text);
  text.foldButton = button;
  box.append(button);
}

const watched = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.classList.contains("folded")) target.foldButton.hidden = target.scrollHeight <= target.clientHeight + 2;
  }
});

function change(thing, texts) {
  const item = make("li", `change ${thing.kind}`);
  if (thing.kind !== "person") {
    const box = thumbnail(thing.picture && picture(thing.picture, ""));
    if (!thing.href) item.append(box);
    else {
      const link = make("a", "moment");
      link.href = thing.href;
      link.target = "_self";
      link.setAttribute("aria-label", thing.go);
      link.title = texts.play;
      const sign = icon(PLAY);
      sign.setAttribute("class", "go");
      box.append(sign);
      link.append(box);
      item.append(link);
    }
  } else {
    const box = make("div", "thumb who");
    box.append(icon(PERSON));
    item.append(box);
  }
  const text = make("div", "lines");
  const head = make("p", "where", thing.label);
  head.title = thing.label;
  if (thing.time) head.append(" ", make("span", "time", thing.time));
  text.append(head, ...thing.lines.map((line) => LINES[line.type](line, texts)));
  item.append(text);
  return item;
}

function changes(things, texts) {
  const list = make("ol", "changes");
  list.append(...things.map((thing) => change(thing, texts)));
  return list;
}

function button(className, label, press) {
  const made = make("button", className, label);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

class Menu {
  constructor(label, choices) {
    this.menu = make("div", "menu");
    this.menu.popover = "auto";
    this.menu.setAttribute("role", "menu");
    this.menu.setAttribute("aria-label", label);
    for (const { label: text, press } of choices) {
      const choice = button("", text, () => {
        this.menu.hidePopover();
        press();
      });
      choice.setAttribute("role", "menuitem");
      choice.tabIndex = -1;
      this.menu.append(choice);
    }
    this.button = button("icon more", "", () => {});
    this.button.append(icon(MORE));
    this.button.title = label;
    this.button.setAttribute("aria-label", label);
    this.button.setAttribute("aria-haspopup", "menu");
    this.button.setAttribute("aria-expanded", "false");
    this.button.popoverTargetElement = this.menu;
    this.follow = () => this.menu.hidePopover();
    this.menu.addEventListener("toggle", ({ newState }) => {
      const open = newState === "open";
      this.button.setAttribute("aria-expanded", String(open));
      if (!open) return window.removeEventListener("scroll", this.follow, true);
      const { right, bottom } = this.button.getBoundingClientRect();
      this.menu.style.left = `${Math.max(8, Math.min(right - this.menu.offsetWidth, innerWidth - this.menu.offsetWidth - 8))}px`;
      this.menu.style.top = `${Math.min(bottom + 4, innerHeight - this.menu.offsetHeight - 8)}px`;
      this.menu.querySelector("button").focus({ preventScroll: true });
      window.addEventListener("scroll", this.follow, { capture: true, once: true });
    });
    this.menu.addEventListener("keydown", (event) => menuKey(this.menu, this.button, event));
  }
}

class History {
  constructor(host) {
    this.root = host.querySelector(".history");
    this.days = this.root.querySelector(".days");
    this.status = this.root.querySelector(".told");
    this.items = new Map();
  }

  update(data, tell) {
    this.tell = tell;
    this.texts = data.texts;
    this.root.lang = data.lang;
    if (this.status.textContent !== data.told) this.status.textContent = data.told;
    this.status.hidden = !data.told;
    const drawn = JSON.stringify([data.days, data.lang]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const opened = this.opened;
    this.opened = null;
    const focused = this.root.getRootNode().activeElement?.closest(".entry")?.dataset.id;
    const chosenFrom = this.root.querySelector(".menu:popover-open")?.closest(".entry").dataset.id;
    const items = new Map();
    const days = data.days.map(({ label, entries }) => {
      const day = make("section", "day");
      const list = make("ol", "entries");
      list.append(...entries.map((entry) => this.item(entry, data, items)));
      day.append(make("h3", "", label), list);
      day.setAttribute("aria-label", label);
      return day;
    });
    this.items = items;
    this.days.replaceChildren(...days);
    const menu = this.items.get(Number(chosenFrom))?.querySelector(".menu");
    if (menu) menu.showPopover(); // what is moved closes
    else this.keepFocus(opened, focused);
  }

  keepFocus(opened, focused) {
    if (this.opened !== null && this.opened !== opened) {
      const panel = this.items.get(this.opened).querySelector(".panel");
      panel.focus({ preventScroll: true });
      panel.scrollIntoView({ block: "nearest", behavior: still.matches ? "auto" : "smooth" });
    } else if (focused && this.items.get(Number(focused))) {
      const entry = this.items.get(Number(focused));
      (entry.querySelector(".panel button, .back, .more") || entry).focus({ preventScroll: true });
    }
  }

  item(entry, { lang }, items) {
    const key = JSON.stringify([entry, lang]);
    const before = this.items.get(entry.id);
    const item = before?.drawn === key ? before : this.entry(entry, key);
    if (entry.panel) this.opened = entry.id;
    items.set(entry.id, item);
    return item;
  }

  entry(entry, key) {
    const item = make("li", entry.taken ? "entry taken" : "entry");
    item.drawn = key;
    item.dataset.id = entry.id;
    item.tabIndex = -1;
    const head = make("div", "head");
    const about = make("p", "about");
    const time = make("time", "time", entry.time);
    time.dateTime = entry.at;
    time.title = entry.moment;
    about.append(time, make("span", `door ${entry.door}`, entry.doorName), make("span", "number", `#${entry.id}`));
    const words = make("div", "words");
    words.append(sentence(entry.did), about);
    if (entry.taken) {
      const taken = make("p", "by", entry.taken.text);
      taken.append(" ", make("span", "number", `#${entry.taken.by}`));
      words.append(taken);
    }
    head.append(words, this.ways(entry));
    item.append(head);
    if (entry.changes.length) item.append(changes(entry.changes, this.texts));
    if (entry.more) item.append(button("rest", entry.more, () => this.tell("unfolded", entry.id)));
    if (entry.rest) item.append(make("p", "note", entry.rest));
    if (entry.panel) item.append(this.panel(entry.panel));
    return item;
  }

  ways({ id, back, ways, only, label }) {
    const box = make("div", "ways");
    const look = (operation, way) => this.tell("looked", { operation, way });
    if (back) box.append(button("back", back.label, () => look(back.operation, "revert")));
    const choices = [
      ...ways.map(({ way, label: text }) => ({ label: text, press: () => look(id, way) })),
      ...only.map(({ name, value, label: text }) => ({ label: text, press: () => this.tell("only", { name, value }) })),
    ];
    box.classList.toggle("alone", !choices.length);
    if (choices.length) {
      const menu = new Menu(label, choices);
      box.append(menu.button, menu.menu);
    }
    return box;
  }

  panel({ title, hint, problem, later, then, changes: things, rest, confirm, cancel }) {
    const box = make("section", "panel");
    box.tabIndex = -1;
    box.setAttribute("aria-label", title);
    box.append(make("h4", "", title));
    if (hint) box.append(make("p", "note", hint));
    if (problem) {
      const told = make("p", "problem", problem);
      told.setAttribute("role", "alert");
      box.append(told);
    }
    if (later.length) {
      const list = make("ul", "later");
      for (const { did, about } of later) {
        const line = sentence(did, "li");
        line.append(" ", make("span", "about", about));
        list.append(line);
      }
      box.append(list);
    }
    if (then) box.append(make("p", "note", then));
    if (things.length) box.append(changes(things, this.texts));
    if (rest) box.append(make("p", "note", rest));
    const row = make("div", "presses");
    if (confirm) row.append(button("main", confirm, () => this.tell("went", true)));
    row.append(button("", cancel, () => this.tell("left", true)));
    box.append(row);
    box.addEventListener("keydown", (event) => event.key === "Escape" && this.tell("left", true));
    return box;
  }
}

const lists = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!lists.has(parentElement)) lists.set(parentElement, new History(parentElement));
  lists.get(parentElement).update(data, setTriggerValue);
  return () => lists.delete(parentElement);
}
