// What became of each photo; where several faces are in one, a press says which is meant.
class Judged {
  constructor(host) {
    this.root = host.querySelector(".judged");
    this.acts = new Acts();
  }

  update(data, tell) {
    this.acts.update(data.outcomes, tell);
    const drawn = JSON.stringify([data.photos, data.summary, data.lang]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.root.lang = data.lang;
    const summary = this.root.querySelector(".summary");
    summary.textContent = data.summary;
    if (data.next) summary.append(make("small", "", data.next));
    this.root.querySelector(".shots").replaceChildren(...data.photos.map((photo) => this.photo(photo, data.texts)));
  }

  photo({ place, file, picture: source, verdict, state, faces }, texts) {
    const item = make("li", state);
    item.append(facePicture(source, ""));
    const text = make("div", "text");
    const name = make("span", "file", file);
    name.title = file;
    const told = make("p", "verdict", verdict);
    text.append(told, name);
    if (faces.length) {
      const choices = make("div", "choices");
      faces.forEach((face, number) => {
        const label = fill(texts.photo_face, { number: number + 1 });
        const button = pressable("", "", () => {
          for (const each of choices.children) each.disabled = true;
          this.acts.send({ do: "photo_face", place, face: number }, (outcome) => {
            if (outcome.ok) return;
            for (const each of choices.children) each.disabled = false;
            told.textContent = outcome.text;
          });
        });
        button.setAttribute("aria-label", label);
        button.title = label;
        button.append(facePicture(face, ""));
        choices.append(button);
      });
      text.append(choices);
    }
    item.append(text);
    return item;
  }
}

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!views.has(parentElement)) views.set(parentElement, new Judged(parentElement));
  views.get(parentElement).update(data, setTriggerValue);
  return () => views.delete(parentElement);
}
