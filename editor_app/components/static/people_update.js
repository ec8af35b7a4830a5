// What naming all faces again would change, before it is done.
class Update {
  constructor(host) {
    this.root = host.querySelector(".update");
    this.acts = new Acts();
  }

  update(data, tell) {
    this.tell = tell;
    this.data = data;
    this.acts.update(data.outcomes, tell);
    this.root.lang = data.lang;
    const { texts } = data;
    const working = this.root.querySelector(".working");
    const bar = working.querySelector("progress");
    working.hidden = !data.working;
    if (data.working) {
      const { done, all, text } = data.working;
      bar.setAttribute("aria-label", texts.update_title);
      if (all) {
        bar.max = all;
        bar.value = done;
      } else bar.removeAttribute("value");
      working.querySelector("span").textContent = text;
    }
    this.root.querySelector(".notice").textContent = data.notice;
    const drawn = JSON.stringify([data.pending, data.ready, data.editable, data.can_ask, Boolean(data.working), data.lang]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.drawHead(data);
    this.drawTold(data);
  }

  drawHead({ pending, ready, editable, working, can_ask: canAsk, texts }) {
    const parts = [make("h2", "", texts.update_title), make("p", "soft", [pending, texts.update_hint].filter(Boolean).join(" "))];
    if (editable) {
      const look = pressable(ready ? "button" : "button main", ready ? texts.update_again : texts.update_look, () => this.tell("looked", true));
      look.disabled = Boolean(working);
      const acts = make("div", "acts");
      acts.append(look);
      parts.push(acts);
      if (ready && canAsk) {
        const go = pressable("button main", texts.update_do, () => {
          go.disabled = true;
          this.acts.send({ do: "update" }, (outcome) => {
            go.disabled = false;
            if (!outcome.ok) this.root.querySelector(".notice").textContent = outcome.text;
          });
        });
        acts.append(go);
      }
    }
    this.root.querySelector(".head").replaceChildren(...parts);
  }

  drawTold({ ready, texts }) {
    const told = this.root.querySelector(".told");
    if (!ready) return told.replaceChildren();
    const parts = [make("p", "summary", ready.summary)];
    if (ready.kept) parts.push(make("p", "soft", ready.kept));
    if (ready.people.length) {
      const list = make("ul", "people");
      for (const { shown, picture: source, gained, lost } of ready.people) {
        const item = make("li");
        item.append(facePicture(source, ""), make("span", "name", shown));
        if (gained) item.append(amount("gain", `+${gained}`, fill(texts.update_gains, { count: gained })));
        if (lost) item.append(amount("loss", `−${lost}`, fill(texts.update_loses, { count: lost })));
        list.append(item);
      }
      parts.push(list);
    }
    for (const { title, count, faces, rest } of ready.changes) {
      const section = make("section", "change");
      const head = make("h3", "", title);
      head.append(make("span", "count", count));
      const grid = new FaceGrid({ texts, editable: false, play: (moment) => this.tell("played", moment), changed: () => {} });
      grid.draw([{ title: "", count: "", faces }]);
      section.append(head, grid.root);
      if (rest) section.append(make("p", "rest", rest));
      parts.push(section);
    }
    told.replaceChildren(...parts);
  }
}

function amount(className, text, label) {
  const element = make("span", className, text);
  element.title = label;
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", label);
  return element;
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new Update(parentElement));
  views.get(parentElement).update(data, setTriggerValue);
  return () => views.delete(parentElement);
}
