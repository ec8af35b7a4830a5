// The list of results. A press reaches the player through a window event at once, and the server through a trigger.
const PLAY_EVENT = "vsearch:play";
const PLAYING_EVENT = "vsearch:playing";
const TELL_MS = 500; // the server hears of a press by then, also where nothing plays
const AT_ONCE = 6; // cards that a screen has room for

const LIKE =
  "M18 13v7H4V6h5.02c.05-.71.22-1.38.48-2H4c-1.1 0-2 .9-2 2v14c0 1.1.9 2 2 2h14c1.1 0 2-.9 2-2v-5l-2-2zm-1.5 5h-11l2.75-3.53 1.96 2.36 2.75-3.54z" +
  "m2.8-9.11c.44-.7.7-1.51.7-2.39C20 4.01 17.99 2 15.5 2S11 4.01 11 6.5s2.01 4.5 4.49 4.5c.88 0 1.7-.26 2.39-.7L21 13.42 22.42 12 19.3 8.89z" +
  "M15.5 9C14.12 9 13 7.88 13 6.5S14.12 4 15.5 4 18 5.12 18 6.5 16.88 9 15.5 9z";
const PICK = "M9 16.2 4.8 12l-1.400 1.400L9 19 21 7l-1.400-1.400z";
const CHOICES = "M7 10l5 5 5-5z";

function matchRow({ percent, label, parts, note }) {
  const row = make("div", "match");
  const total = make("b", "", `${percent}%`);
  total.title = label;
  row.append(total);
  row.setAttribute("aria-label", [label, ...parts.map((part) => `${part.label} ${part.percent}%`)].join(", "));
  row.setAttribute("role", "img");
  for (const part of parts) {
    const box = make("span", `part ${part.name}`, part.label);
    box.title = `${part.label} ${part.percent}%`;
    const bar = make("i");
    bar.style.setProperty("--share", `${part.percent}%`);
    box.append(bar);
    row.append(box);
  }
  if (note) row.append(make("span", "", note));
  return row;
}

function thumb(moment) {
  const image = movingPicture(moment);
  if (image) image.alt = ""; // the card says what it is
  const box = thumbnail(image);
  if (moment.segments) box.append(make("span", "time segments", moment.segments));
  box.append(make("span", "time", moment.span));
  return box;
}

function card(moment, texts) {
  const button = make("button", moment.weak ? "card weak" : "card");
  button.type = "button";
  button.dataset.id = moment.id;
  const text = make("div", "text");
  const title = make("p", "title", moment.title);
  title.title = moment.title;
  text.append(title, captionLines(moment, texts.no_caption), chips(moment, texts));
  if (moment.speech.length) text.append(withMarks(make("p", "speech"), moment.speech));
  text.append(matchRow(moment.match));
  button.append(thumb(moment), text);
  return button;
}

function likeButton(moment, texts) {
  const button = make("button", "like");
  button.type = "button";
  button.title = texts.similar;
  button.setAttribute("aria-label", `${texts.similar}: ${moment.title}, ${moment.span}`);
  button.dataset.like = moment.segment;
  button.append(icon(LIKE));
  return button;
}

function pickButton(moment, texts) {
  const button = make("button", "pick");
  button.type = "button";
  button.title = texts.select;
  button.setAttribute("aria-label", `${texts.select}: ${moment.title}, ${moment.span}`);
  button.setAttribute("aria-pressed", "false");
  button.dataset.pick = moment.id;
  button.append(icon(PICK));
  return button;
}

// One thing understood of the query: a press on the cross takes it away, one on the chip shows what else there is.
class Chip {
  constructor(chip, change) {
    this.item = make("li", ["pair", chip.how, chip.negated ? "negated" : ""].join(" "));
    const text = make("span", "said", chip.text);
    const face = [make("b", "", chip.label), text];
    if (chip.choices.length > 1) {
      this.menu = make("div", "menu");
      this.menu.popover = "auto";
      this.menu.setAttribute("role", "menu");
      this.menu.setAttribute("aria-label", chip.change);
      if (chip.tip) this.menu.append(make("p", "", chip.tip));
      for (const { label, query } of chip.choices) {
        const choice = make("button", "", label);
        choice.type = "button";
        choice.setAttribute("role", "menuitem");
        choice.tabIndex = -1;
        choice.addEventListener("click", () => {
          this.menu.hidePopover();
          change(query);
        });
        this.menu.append(choice);
      }
      this.button = make("button", "open");
      this.button.type = "button";
      this.button.append(...face, icon(CHOICES));
      this.button.title = chip.change;
      this.button.setAttribute("aria-haspopup", "menu");
      this.button.setAttribute("aria-expanded", "false");
      this.button.popoverTargetElement = this.menu;
      this.button.addEventListener("keydown", (event) => {
        if (!["Enter", " ", "ArrowDown"].includes(event.key)) return;
        event.preventDefault();
        this.menu.showPopover();
        this.place(); // at once: the next key may come before the menu has told that it is open
      });
      this.menu.addEventListener("toggle", (event) => this.toggled(event.newState === "open"));
      this.menu.addEventListener("keydown", (event) => menuKey(this.menu, this.button, event));
      this.follow = () => this.menu.hidePopover();
    } else {
      this.button = make("span", "open");
      this.button.append(...face);
    }
    if (chip.tip) this.button.title = chip.tip;
    this.item.append(this.button, dropButton(chip.remove, () => change(chip.removed)));
    if (this.menu) this.item.append(this.menu);
  }

  toggled(open) {
    this.button.setAttribute("aria-expanded", String(open));
    if (!open) return window.removeEventListener("scroll", this.follow, true);
    this.place();
    window.addEventListener("scroll", this.follow, { capture: true, once: true });
  }

  place() {
    const { left, bottom } = this.item.getBoundingClientRect();
    this.menu.style.left = `${Math.max(8, Math.min(left, innerWidth - this.menu.offsetWidth - 8))}px`;
    this.menu.style.top = `${bottom + 4}px`;
    const held = this.menu.getRootNode().activeElement;
    if (!this.menu.contains(held)) this.menu.querySelector("button").focus({ preventScroll: true });
  }
}

// What the search started from, where it is no text: another moment, or the face of a photo.
function originChip({ label, text, picture: source, remove }, drop) {
  const item = make("li", "pair origin");
  const face = make("span", "open");
  if (source) {
    const image = picture(source, "");
    image.loading = "eager";
    face.append(image);
  }
  face.append(make("b", "", label), make("span", "said", text));
  item.append(face, dropButton(remove, drop));
  return item;
}

class Results {
  constructor(host) {
    this.root = host.querySelector(".results");
    this.list = this.root.querySelector(".cards");
    this.sum = this.root.querySelector(".sum");
    this.answer = this.root.querySelector(".answer");
    this.sum.addEventListener("click", () => this.sumUp());
    this.root.addEventListener("click", (event) => {
      const like = event.target.closest("[data-like]");
      const button = event.target.closest("[data-id]");
      const pick = event.target.closest("[data-pick]");
      if (pick) return this.pick(this.moments.get(Number(pick.dataset.pick)).inside);
      if (like) this.tell("liked", Number(like.dataset.like));
      else if (button) this.choose(Number(button.dataset.id));
    });
    this.list.addEventListener("keydown", (event) => this.move(event));
    this.onSlash = (event) => {
      const at = event.composedPath()[0];
      if (event.key !== "/" || at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      event.preventDefault();
      document.querySelector(".st-key-q input")?.focus();
    };
    document.addEventListener("keydown", this.onSlash);
    this.pressed = null;
    this.onPlaying = () => this.confirm();
    window.addEventListener(PLAYING_EVENT, this.onPlaying);
  }

  close() {
    clearTimeout(this.timer);
    window.removeEventListener(PLAYING_EVENT, this.onPlaying);
    document.removeEventListener("keydown", this.onSlash);
  }

  update(data, tell) {
    this.tell = (name, value) => {
      this.confirm();
      tell(name, value);
    };
    const drawn = JSON.stringify([data.cards, data.divider, data.lang]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.moments = new Map(data.cards.map((moment) => [moment.id, moment]));
      this.draw(data);
    }
    this.root.lang = data.lang;
    this.root.setAttribute("aria-label", data.texts.results_label);
    this.root.querySelector(".summary").textContent = data.summary;
    this.drawUnderstood(data);
    this.drawNotice(data.notice);
    this.write(data);
    this.mark(this.pressed ?? data.chosen);
    this.markPicked(data.picked);
  }

  draw({ cards, divider, texts }) {
    const items = [];
    let strong = false;
    for (const moment of cards) {
      if (divider && moment.weak && strong) {
        const line = make("li", "divider");
        line.append(make("h3", "", divider));
        items.push(line);
        strong = false;
      }
      strong ||= !moment.weak;
      const item = make("li", "item");
      item.append(card(moment, texts));
      if (moment.segment !== null) item.append(likeButton(moment, texts));
      if (moment.inside.length) item.append(pickButton(moment, texts));
      items.push(item);
    }
    this.list.replaceChildren(...items.slice(0, AT_ONCE));
    if (items.length <= AT_ONCE) return;
    afterPaint(() => {
      if (this.list.firstElementChild !== items[0]) return; // other results are there by now
      this.list.append(...items.slice(AT_ONCE));
      this.mark(this.chosen);
      this.markPicked(this.picked);
    });
  }

  drawUnderstood({ understood, origin }) {
    const drawn = JSON.stringify([understood, origin]);
    if (drawn === this.told) return;
    this.told = drawn;
    const list = this.root.querySelector(".understood");
    const held = list.contains(list.getRootNode().activeElement);
    const change = (query) => this.tell("changed", query);
    const items = understood.map((chip) => new Chip(chip, change).item);
    if (origin) items.unshift(originChip(origin, () => this.tell("dropped", true)));
    list.replaceChildren(...items);
    if (held) (list.querySelector("button") || document.querySelector(".st-key-q input"))?.focus();
  }

  drawNotice(notice) {
    const box = this.root.querySelector(".notice");
    box.hidden = !notice;
    box.querySelector("b").textContent = notice?.title || "";
    box.querySelector("span").textContent = notice?.hint || "";
  }

  write({ answer, asking, askable, texts }) {
    this.texts = texts;
    this.sum.hidden = !askable || !this.moments.size;
    this.sum.querySelector("span").textContent = texts.sum_up;
    const written = JSON.stringify(answer);
    if (written !== this.written) {
      this.written = written;
      this.answer.setAttribute("aria-label", texts.answer_label);
      this.answer.querySelector(".claims").replaceChildren(...(answer?.claims || []).map((it) => this.claim(it)));
      this.answer.querySelector(".note").replaceChildren(...(answer?.notes || []).map((it) => make("span", "", it)));
      this.unfold(Boolean(answer));
    }
    this.wait(asking);
  }

  claim({ text, segments, others }) {
    const item = make("li");
    const row = make("ul", "chips");
    for (const id of segments) {
      const { title, span, label } = this.moments.get(id);
      const button = make("button", "chip at time", span);
      button.type = "button";
      button.title = title;
      button.dataset.id = id;
      button.setAttribute("aria-label", label);
      const place = make("li");
      place.append(button);
      row.append(place);
    }
    if (others) row.append(make("li", "others", others));
    item.append(make("p", "", text), row);
    return item;
  }

  sumUp() {
    if (this.sum.ariaBusy === "true") return;
    if (this.written !== "null") return this.unfold(this.answer.hidden);
    this.wait(true);
    this.tell("asked", true);
  }

  unfold(open) {
    this.answer.hidden = !open;
    this.sum.setAttribute("aria-expanded", String(open));
  }

  wait(asking) {
    this.sum.ariaBusy = String(asking);
    const told = asking ? this.texts.summing_up : this.answer.hidden ? "" : this.texts.answer_label;
    this.root.querySelector(".told").textContent = told;
    if (asking) this.sum.querySelector("span").textContent = this.texts.summing_up;
  }

  mark(id) {
    this.chosen = id;
    for (const button of this.root.querySelectorAll("[data-id]")) {
      if (Number(button.dataset.id) === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  pick(ids) {
    const all = ids.every((id) => this.picked.includes(id));
    const others = this.picked.filter((id) => !ids.includes(id));
    this.markPicked(all ? others : [...others, ...ids]);
    this.tell("picked", this.picked);
  }

  markPicked(ids) {
    this.picked = ids;
    this.root.classList.toggle("picking", ids.length > 0);
    for (const button of this.list.querySelectorAll("[data-pick]")) {
      const { inside } = this.moments.get(Number(button.dataset.pick));
      button.setAttribute("aria-pressed", String(inside.every((id) => ids.includes(id))));
    }
  }

  choose(id) {
    this.mark(id);
    const press = new CustomEvent(PLAY_EVENT, { detail: { moment: this.moments.get(id), at: performance.now() }, cancelable: true });
    if (window.dispatchEvent(press)) window.vsearchPressed = press.detail; // the player is still on its way
    clearTimeout(this.timer);
    this.pressed = id; // it plays first: what the server answers would hold up its pictures
    this.timer = setTimeout(this.onPlaying, this.moments.get(id).source ? TELL_MS : 0);
  }

  // What was pressed is told to the server.
  confirm() {
    clearTimeout(this.timer);
    if (this.pressed === null) return;
    const id = this.pressed;
    this.pressed = null;
    this.tell("chosen", id);
  }

  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const here = event.target.closest(".card");
    if (!step || !here) return;
    event.preventDefault();
    const all = [...this.list.querySelectorAll(".card")];
    all[all.indexOf(here) + step]?.focus();
  }
}

const lists = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!data) return; // it is only loaded, for later
  if (!lists.has(parentElement)) lists.set(parentElement, new Results(parentElement));
  lists.get(parentElement).update(data, setTriggerValue);
  return () => {
    lists.get(parentElement)?.close();
    lists.delete(parentElement);
  };
}
