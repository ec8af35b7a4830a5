// People with a name by group; typing narrows them down in the browser.
class Known {
  constructor(host) {
    this.root = host.querySelector(".known");
    this.find = this.root.querySelector(".find");
    this.sort = this.root.querySelector("select");
    this.find.addEventListener("input", () => this.narrow());
    this.find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      this.root.querySelector("li:not([hidden]) .person")?.click();
    });
    this.sort.addEventListener("change", () => this.tell("sorted", this.sort.value));
    this.root.addEventListener("keydown", (event) => this.move(event));
  }

  update(data, tell) {
    this.tell = tell;
    this.root.lang = data.lang;
    const drawn = JSON.stringify(data);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.data = data;
    const { texts } = data;
    this.find.placeholder = texts.find_hint;
    this.find.setAttribute("aria-label", texts.find);
    this.root.querySelector(".sort span").textContent = texts.sort;
    this.sort.replaceChildren(
      ...["seen", "name"].map((value) => new Option(texts[`sort_${value}`], value, false, value === data.sort)),
    );
    const held = this.root.getRootNode().activeElement?.dataset?.id;
    this.people = new Map();
    this.root.querySelector(".groups").replaceChildren(...data.groups.map((group) => this.group(group)));
    if (held) this.root.querySelector(`[data-id="${held}"]`)?.focus({ preventScroll: true });
    this.narrow();
  }

  group({ title, people }) {
    const section = make("section");
    const head = make("h3", "", title);
    head.append(make("span", "count"));
    const list = make("ul", "people");
    for (const person of withFolded(people)) {
      const item = make("li");
      item.append(this.card(person));
      list.append(item);
      this.people.set(item, person);
    }
    section.append(head, list);
    return section;
  }

  card(person) {
    const card = make("a", "person");
    card.href = person.href;
    card.dataset.id = person.id;
    inPlace(card, () => this.tell("opened", person.id));
    const who = make("span", "who");
    who.append(make("b", "", person.shown));
    if (person.also) who.append(make("span", "also", person.also));
    const facts = make("span", "facts");
    person.facts.forEach((fact, place) => facts.append(make("span", "", place ? ` · ${fact}` : fact)));
    who.append(facts);
    card.append(facePicture(person.picture, ""), who);
    return card;
  }

  narrow() {
    const typed = folded(this.find.value);
    let shown = 0;
    for (const section of this.root.querySelectorAll(".groups section")) {
      let own = 0;
      for (const item of section.querySelectorAll("li")) {
        item.hidden = Boolean(typed) && fitting(this.people.get(item), typed) === null;
        own += !item.hidden;
      }
      section.hidden = !own;
      section.querySelector(".count").textContent = counted(this.data.texts.people_one, this.data.texts.people_many, own);
      shown += own;
    }
    this.root.querySelector(".none").textContent = shown ? "" : this.data.texts.found_nobody;
  }

  move(event) {
    const here = event.target.closest(".person");
    if (!here || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const all = [...this.root.querySelectorAll("li:not([hidden]) .person")];
    const place = all.indexOf(here);
    const top = here.getBoundingClientRect();
    const rows = (sign) =>
      all
        .map((card) => ({ card, box: card.getBoundingClientRect() }))
        .filter(({ box }) => sign * (box.top - top.top) > 4)
        .sort((a, b) => sign * (a.box.top - b.box.top) || Math.abs(a.box.left - top.left) - Math.abs(b.box.left - top.left));
    const next = {
      ArrowLeft: () => all[place - 1],
      ArrowRight: () => all[place + 1],
      ArrowUp: () => rows(-1)[0]?.card,
      ArrowDown: () => rows(1)[0]?.card,
    }[event.key]();
    next?.focus();
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new Known(parentElement));
  views.get(parentElement).update(data, setTriggerValue);
  return () => views.delete(parentElement);
}
