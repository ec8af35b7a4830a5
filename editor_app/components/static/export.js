// Follows files that are being made, and hands them over. What comes from the server is shown as text.
const EVERY = 500; // ms between two looks
const UNITS = ["B", "kB", "MB", "GB", "TB"];

function sizeText(bytes) {
  let unit = 0;
  let size = bytes;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

class Follower {
  constructor(host) {
    this.root = host.querySelector(".export");
    this.part = (name) => this.root.querySelector(`.${name}`);
    this.part("leave").addEventListener("click", () => {
      this.stop();
      this.tell("left", true);
    });
  }

  update({ address, lang, texts }, tell) {
    this.tell = tell;
    this.texts = texts;
    this.root.lang = lang;
    this.part("bar").setAttribute("aria-label", texts.progress);
    this.part("omitted").firstElementChild.textContent = texts.left_out;
    if (`${address} ${lang}` === this.followed) return;
    this.followed = `${address} ${lang}`;
    this.stop();
    this.address = `${address}?lang=${lang}`;
    this.look();
  }

  stop() {
    clearTimeout(this.timer);
    this.address = null;
  }

  async look() {
    const address = this.address;
    if (!address) return;
    let told = null;
    try {
      const answer = await fetch(address, { cache: "no-store" });
      told = await answer.json();
    } catch {
      told = null;
    }
    if (address !== this.address) return; // something else is followed by now
    this.draw(told);
    if (told === null || ["waiting", "running"].includes(told.state)) {
      this.timer = setTimeout(() => this.look(), told ? EVERY : 4 * EVERY);
    }
  }

  draw(told) {
    const { texts } = this;
    const state = this.part("state");
    if (!told) {
      state.textContent = texts.lost;
      return;
    }
    const { done, total } = told;
    const words = {
      waiting: texts.waiting,
      running: done < total ? fill(texts.making, told) : texts.packing,
      done: texts.ready,
      failed: "",
      cancelled: texts.cancelled,
    }[told.state];
    if (state.textContent !== words) state.textContent = words;
    const going = ["waiting", "running"].includes(told.state);
    const bar = this.part("bar");
    bar.hidden = !going;
    bar.setAttribute("aria-valuemax", String(total));
    bar.setAttribute("aria-valuenow", String(done));
    bar.firstElementChild.style.width = `${(100 * done) / Math.max(1, total)}%`;
    this.part("leave").textContent = going ? texts.cancel : texts.again;
    const problem = this.part("problem");
    problem.hidden = told.state !== "failed";
    problem.textContent = told.state === "failed" ? told.problem || texts.failed : "";
    const link = this.part("fetch");
    link.hidden = told.state !== "done";
    if (told.state === "done") {
      link.href = told.address;
      link.setAttribute("download", told.name);
      link.textContent = fill(texts.fetch, { name: told.name, size: sizeText(told.size) });
    }
    const left = this.part("omitted");
    left.hidden = !told.failures?.length;
    left.querySelector("ul").replaceChildren(...(told.failures || []).map((reason) => make("li", "", reason)));
  }
}

const followers = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!followers.has(parentElement)) followers.set(parentElement, new Follower(parentElement));
  followers.get(parentElement).update(data, setTriggerValue);
  return () => {
    followers.get(parentElement)?.stop();
    followers.delete(parentElement);
  };
}
