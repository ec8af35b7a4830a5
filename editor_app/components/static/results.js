// The list of results. A press reaches the player through a window event at once, and the server through a trigger.
const PLAY_EVENT = "vsearch:play";

function matchRow({ percent, label, parts }) {
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
  return row;
}

function thumb(moment) {
  const image = movingPicture(moment);
  if (image) image.alt = ""; // the card's own label says what it is
  const box = thumbnail(image);
  box.append(make("span", "time", moment.span));
  return box;
}

function card(moment, texts) {
  const button = make("button", "card");
  button.type = "button";
  button.dataset.id = moment.id;
  const text = make("div", "text");
  const title = make("p", "title", moment.title);
  title.title = moment.title;
  text.append(title, captionLines(moment, texts.no_caption), chips(moment.people));
  if (moment.speech.length) text.append(withMarks(make("p", "speech"), moment.speech));
  text.append(matchRow(moment.match));
  button.append(thumb(moment), text);
  button.setAttribute("aria-label", [moment.label, ...moment.captions.slice(0, 1).map((c) => c.text)].join(". "));
  return button;
}

class Results {
  constructor(host) {
    this.root = host.querySelector(".results");
    this.list = this.root.querySelector(".cards");
    this.sum = this.root.querySelector(".sum");
    this.answer = this.root.querySelector(".answer");
    this.sum.addEventListener("click", () => this.sumUp());
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-id]");
      if (button) this.choose(Number(button.dataset.id));
    });
    this.list.addEventListener("keydown", (event) => this.move(event));
    this.onSlash = (event) => {
      const at = event.composedPath()[0];
      if (event.key !== "/" || at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      event.preventDefault();
      document.querySelector(".st-key-q input")?.focus();
    };
    document.addEventListener("keydown", this.onSlash);
  }

  close() {
    document.removeEventListener("keydown", this.onSlash);
  }

  update(data, { tell, ask }) {
    this.tell = tell;
    this.ask = ask;
    const drawn = JSON.stringify([data.cards, data.lang]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.moments = new Map(data.cards.map((moment) => [moment.id, moment]));
      this.list.replaceChildren(
        ...data.cards.map((moment) => {
          const item = make("li");
          item.append(card(moment, data.texts));
          return item;
        }),
      );
    }
    this.root.lang = data.lang;
    this.root.setAttribute("aria-label", data.texts.results_label);
    this.root.querySelector(".summary").textContent = data.summary;
    this.root.querySelector(".understood").replaceChildren(
      ...data.understood.map(({ label, text }) => {
        const chip = make("span");
        chip.append(make("b", "", label), text);
        return chip;
      }),
    );
    this.write(data);
    this.mark(data.chosen);
  }

  write({ answer, asking, texts }) {
    this.texts = texts;
    this.sum.hidden = !this.moments.size;
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
    this.ask();
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
    for (const button of this.root.querySelectorAll("[data-id]")) {
      if (Number(button.dataset.id) === id) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  choose(id) {
    this.mark(id);
    window.dispatchEvent(new CustomEvent(PLAY_EVENT, { detail: { moment: this.moments.get(id) } }));
    this.tell(id);
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
  if (!lists.has(parentElement)) lists.set(parentElement, new Results(parentElement));
  lists.get(parentElement).update(data, {
    tell: (id) => setTriggerValue("chosen", id),
    ask: () => setTriggerValue("asked", true),
  });
  return () => {
    lists.get(parentElement)?.close();
    lists.delete(parentElement);
  };
}
