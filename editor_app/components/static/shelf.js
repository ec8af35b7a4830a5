// Every video of the library, as the server describes it. A row that is there already is changed where it differs, so
// that what moves on takes no focus away.
class Row {
  constructor(tell) {
    this.tell = tell;
    this.item = make("li", "row");
    this.thumb = make("div", "place");
    this.head = make("div", "head");
    this.heading = make("h3");
    this.state = make("span", "how");
    this.head.append(this.heading, this.state);
    this.facts = make("p", "facts");
    this.note = make("p", "note");
    this.progress = make("div", "progress");
    this.label = make("p", "label");
    this.detail = make("span", "detail");
    this.bar = progressBar();
    this.progress.append(this.label, this.bar);
    this.failures = make("ul", "failures");
    this.actions = make("div", "actions");
    const text = make("div", "text");
    text.append(this.head, this.facts, this.note, this.progress, this.failures, this.actions);
    this.item.append(this.thumb, text);
  }

  update(video) {
    const old = this.video;
    const differs = (...names) => !old || names.some((name) => JSON.stringify(old[name]) !== JSON.stringify(video[name]));
    this.video = video;
    if (differs("picture", "alt", "href")) this.drawPicture(video);
    if (differs("title", "href")) this.drawTitle(video);
    if (differs("state", "badge")) this.drawState(video);
    if (differs("facts")) this.facts.textContent = video.facts.join(" · ");
    if (differs("note")) this.note.textContent = video.note;
    if (differs("progress")) this.drawProgress(video.progress, video.title);
    if (differs("failures")) this.failures.replaceChildren(...video.failures.map(failure));
    if (differs("again", "away", "asked")) this.drawActions(video);
    return this.item;
  }

  drawPicture({ picture: source, alt, href, key }) {
    const shown = thumbnail(source && picture(source, href ? "" : alt));
    if (!href) return this.thumb.replaceChildren(shown);
    const link = going(make("a", "open"), () => this.tell("opened", key));
    link.href = href;
    link.tabIndex = -1; // the title is the same link
    link.setAttribute("aria-hidden", "true");
    link.append(shown);
    this.thumb.replaceChildren(link);
  }

  drawTitle({ title, href, key }) {
    const shown = href ? going(make("a", "title", title), () => this.tell("opened", key)) : make("span", "title", title);
    if (href) shown.href = href;
    this.heading.replaceChildren(shown);
  }

  drawState({ state, badge }) {
    this.state.replaceChildren();
    if (badge) this.state.append(make("span", "badge", badge));
    if (state.label) this.state.append(make("span", `state ${state.name}`, state.label));
  }

  drawProgress(progress, title) {
    this.progress.hidden = !progress;
    if (!progress) return;
    this.detail.textContent = progress.detail;
    this.label.replaceChildren(make("b", "", progress.label), this.detail);
    this.bar.hidden = !progress.moves;
    showShare(this.bar, progress.share, title);
  }

  drawActions({ again, away, asked, key }) {
    const held = this.actions.getRootNode().activeElement?.dataset?.act;
    const buttons = [];
    if (again) buttons.push(["again", "act", again]);
    if (away) buttons.push(["away", "act quiet", away]);
    this.actions.replaceChildren(
      ...buttons.map(([what, style, told]) => {
        const button = onceButton(style, told, () => this.tell(what, key));
        button.dataset.act = what;
        return button;
      }),
    );
    if (asked) this.actions.append(make("span", "asked", asked));
    if (held) (this.actions.querySelector("button") || this.head.querySelector("a"))?.focus({ preventScroll: true });
  }
}

function failure({ stage, reason, advice }) {
  const item = make("li", "failure");
  const what = make("p");
  what.append(make("b", "", stage), reason);
  item.append(what, make("p", "advice", advice));
  return item;
}

class Shelf {
  constructor(host) {
    this.root = host.querySelector(".shelf");
    this.list = this.root.querySelector(".rows");
    this.batch = this.root.querySelector(".batch");
    this.rows = new Map();
  }

  update(data, tell) {
    this.tell = tell;
    const drawn = JSON.stringify(data);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.root.lang = data.lang;
    this.drawBatch(data.batch);
    const keep = new Map();
    const items = data.videos.map((video) => {
      const row = this.rows.get(video.key) || new Row((what, key) => this.tell(what, key));
      keep.set(video.key, row);
      return row.update(video);
    });
    this.rows = keep;
    const there = [...this.list.children];
    if (items.length !== there.length || items.some((item, i) => item !== there[i])) this.list.replaceChildren(...items);
  }

  drawBatch(batch) {
    this.batch.hidden = !batch;
    if (!batch) return;
    this.batch.querySelector("b").textContent = batch.label;
    this.batch.querySelector("span").textContent = batch.left;
    showShare(this.batch.querySelector(".bar"), batch.share, batch.label);
  }
}

const shelves = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!shelves.has(parentElement)) shelves.set(parentElement, new Shelf(parentElement));
  shelves.get(parentElement).update(data, setTriggerValue);
}
