// The views of the page, and what became of the last edit, with a way back.
const STAYS_MS = 12_000;

class Bar {
  constructor(host) {
    this.root = host.querySelector(".bar");
    this.toast = this.root.querySelector(".toast");
    this.acts = new Acts();
    this.undo = pressable("undo", "", () => {
      this.hide();
      this.acts.send(this.data.toast.undo);
    });
    this.close = iconButton("close", "", CROSS_SHAPE, () => this.hide());
    this.toast.append(this.undo, this.close);
    for (const [name, call] of [["pointerenter", "keep"], ["focusin", "keep"], ["pointerleave", "wane"], ["focusout", "wane"]])
      this.toast.addEventListener(name, () => this[call]());
  }

  update(data, tell) {
    this.data = data;
    this.tell = tell;
    this.acts.update(data.outcomes, tell);
    this.root.lang = data.lang;
    const drawn = JSON.stringify([data.tabs, data.editable, data.lang]);
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.draw(data);
    }
    this.say(data.toast);
  }

  draw({ tabs, editable, texts }) {
    const nav = this.root.querySelector("nav");
    const held = nav.contains(nav.getRootNode().activeElement) ? nav.getRootNode().activeElement.dataset.view : null;
    nav.setAttribute("aria-label", texts.tabs_label);
    const parts = tabs.map(({ view, label, count, news, current }) => {
      const tab = pressable("tab", label, () => this.tell("went", view));
      tab.dataset.view = view;
      if (current) tab.setAttribute("aria-current", "page");
      if (count) tab.append(make("span", news ? "count news" : "count", count));
      return tab;
    });
    if (editable) {
      const add = pressable("button", texts.add_photos, () => this.tell("went", "photos"));
      add.dataset.view = "photos";
      parts.push(add);
    }
    nav.replaceChildren(...parts);
    if (held) nav.querySelector(`[data-view="${held}"]`)?.focus();
    const viewer = this.root.querySelector(".viewer");
    viewer.hidden = editable;
    viewer.textContent = texts.viewer_note;
  }

  say(toast) {
    if (!toast || toast.token === this.said) return;
    this.said = toast.token;
    const { texts } = this.data;
    this.undo.textContent = texts.undo;
    this.undo.hidden = !toast.undo;
    this.close.title = texts.dismiss;
    this.close.setAttribute("aria-label", texts.dismiss);
    this.toast.hidden = false;
    this.toast.querySelector(".told").textContent = toast.text;
    this.wane();
  }

  keep() {
    clearTimeout(this.timer);
  }

  wane() {
    this.keep();
    this.timer = setTimeout(() => this.hide(), STAYS_MS);
  }

  hide() {
    this.keep();
    this.toast.hidden = true;
  }
}

const bars = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!bars.has(parentElement)) bars.set(parentElement, new Bar(parentElement));
  bars.get(parentElement).update(data, setTriggerValue);
  return () => {
    bars.get(parentElement)?.keep();
    bars.delete(parentElement);
  };
}
