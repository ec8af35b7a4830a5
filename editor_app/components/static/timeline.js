// The video as lanes on one clock, under the player: shots, segments, people on screen and speech, from the whole
// video to single frames.
const MOST_ROWS = 3; // of segments that overlap
const MOST_MARKED = 200; // picked segments that are elements though they are out of sight
const PAD_PX = 8;
const FIT_MS = 10_000; // so much is in sight around a short moment
const FLOWING_MS = 4000; // where less is in sight, the view moves with the playhead
const HINT_MS = 5000;
const FOLD_KEY = "vsearch.timeline";
const LOCK = "M17 9h-1V7a4 4 0 0 0-8 0v2H7a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1v-9a1 1 0 0 0-1-1zm-7-2a2 2 0 0 1 4 0v2h-4z";
const narrow = matchMedia("(max-width: 640px)");

class Timeline {
  // player: asked where it stands, told where to go; act: the `Room`.
  constructor(host, player, act) {
    this.act = act;
    this.player = player;
    this.root = host.querySelector(".timeline");
    this.tools = this.root.querySelector(".tools");
    this.hint = this.root.querySelector(".hint");
    this.names = this.root.querySelector(".names");
    this.tracks = this.root.querySelector(".tracks");
    this.ruler = this.root.querySelector(".ruler");
    this.lane = this.root.querySelector(".segments");
    this.range = this.root.querySelector(".range");
    this.head = this.root.querySelector(".playhead");
    this.overview = this.root.querySelector(".overview");
    this.fold = host.querySelector(".fold");
    const flag = this.root.querySelector(".flag");
    this.lanes = new Lanes(this.root.querySelector("canvas"), flag);
    this.drags = new Drags(this, this.tracks, flag);
    this.film = null;
    this.segments = [];
    this.places = new Map(); // id -> index
    this.items = new Map(); // id -> element
    this.marks = { in: null, out: null };
    this.preview = new Map(); // id -> range, while an edge is dragged
    this.focused = null; // id of the segment that Tab goes to
    this.from = 0; // ms at the left
    this.span = FIT_MS; // ms in sight
    this.width = 0;
    this.folded = this.remembered();
    this.tools.querySelectorAll("[data-tool]").forEach((button) => {
      button.addEventListener("click", () => this.act.do(button.dataset.tool));
    });
    this.fold.addEventListener("click", () => this.setFolded(!this.folded));
    for (const box of [this.tracks, this.names]) box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.lane.addEventListener("keydown", (event) => this.key(event));
    this.lane.addEventListener("focusin", (event) => this.focusOn(Number(event.target.dataset.id)));
    this.overview.addEventListener("pointerdown", (event) => this.survey(event));
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(this.tracks);
    this.onNarrow = () => this.film && this.layOut();
    narrow.addEventListener("change", this.onNarrow);
  }

  close() {
    this.sizes.disconnect();
    narrow.removeEventListener("change", this.onNarrow);
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.hinting);
    this.drags.now?.end();
  }

  update({ film, chosen, picked, editable, texts }) {
    const another = film?.video !== this.film?.video;
    this.film = film;
    this.texts = texts;
    this.chosen = chosen;
    this.picked = new Set(picked);
    this.editable = editable;
    this.lanes.forget();
    this.root.hidden = !film;
    this.fold.hidden = !film;
    this.player.room.classList.toggle("filmed", Boolean(film));
    if (another) {
      this.drags.now?.abort();
      this.marks = { in: null, out: null };
      this.fitted = false;
      this.focused = null;
    }
    if (!film) return;
    this.index(film.segments);
    this.label();
    this.setFolded(this.folded);
    this.layOut();
    this.showTools();
  }

  index(segments) {
    this.segments = segments;
    this.places = new Map(segments.map((segment, i) => [segment.id, i]));
    this.reach = []; // the latest end of the segments up to each
    this.rows = [];
    const ends = [];
    let latest = 0;
    for (const { start, end } of segments) {
      latest = Math.max(latest, end);
      this.reach.push(latest);
      let row = ends.findIndex((other) => other <= start);
      if (row < 0) row = Math.min(ends.length, MOST_ROWS - 1);
      ends[row] = end;
      this.rows.push(row);
    }
    this.rowCount = Math.max(1, ends.length);
    const cuts = [...this.film.shots.flat(), ...segments.flatMap(({ start, end }) => [start, end])];
    this.cuts = [...new Set(cuts)].sort((a, b) => a - b);
    if (!this.places.has(this.focused)) this.focused = null;
  }

  label() {
    const { texts } = this;
    this.root.setAttribute("aria-label", texts.timeline);
    this.tools.setAttribute("aria-label", texts.timeline_tools);
    this.ruler.setAttribute("aria-label", texts.timeline_position);
    this.ruler.setAttribute("aria-valuemax", String(this.film.duration));
    this.lane.setAttribute("aria-label", texts.lane_segments);
    if (this.segments.length) this.lane.setAttribute("role", "listbox");
    else this.lane.removeAttribute("role"); // a list box must not be empty
    this.lane.dataset.none = this.segments.length ? "" : texts.no_segments;
    this.fold.title = texts.timeline;
    this.fold.setAttribute("aria-label", texts.timeline);
    for (const button of this.tools.querySelectorAll("[data-tool]")) {
      const { tool } = button.dataset;
      button.title = `${texts[`tool_${tool}`]} (${keyName(TOOL_KEYS[tool], texts)})`;
      button.setAttribute("aria-label", button.title);
    }
    this.root.classList.toggle("viewed", !this.editable);
  }

  // --- open or folded, and how high

  remembered() {
    try {
      const kept = localStorage.getItem(FOLD_KEY);
      if (kept) return kept === "folded";
    } catch {
      // a browser that keeps nothing
    }
    return narrow.matches;
  }

  setFolded(folded) {
    if (folded !== this.folded) {
      try {
        localStorage.setItem(FOLD_KEY, folded ? "folded" : "open");
      } catch {
        // as above
      }
    }
    this.folded = folded;
    this.root.classList.toggle("folded", folded);
    this.fold.setAttribute("aria-expanded", String(!folded));
    if (!folded) this.draw();
  }

  layOut() {
    const { film, lanes } = this;
    lanes.layOut(film, narrow.matches);
    this.tracks.style.height = `${lanes.height}px`;
    this.ruler.style.height = `${lanes.ruler.height}px`;
    this.lane.style.top = `${lanes.segments.top}px`;
    this.lane.style.height = `${lanes.segments.height}px`;
    const told = JSON.stringify([film.people.map(({ name }) => name), this.texts.lane_shots, lanes.height, film.shots.length > 0]);
    if (told !== this.named) {
      this.named = told;
      this.writeNames();
    }
    this.resize();
  }

  writeNames() {
    const { texts, lanes } = this;
    const people = make("ul", "people");
    for (const { name } of this.film.people) {
      const item = make("li", "", name);
      item.title = name;
      people.append(item);
    }
    people.addEventListener("scroll", () => this.draw());
    this.people = people;
    const boxes = {
      shots: make("span", "", texts.lane_shots),
      segments: make("span", "", texts.lane_segments),
      people,
      speech: make("span", "", texts.lane_speech),
    };
    for (const [name, box] of Object.entries(boxes)) {
      box.style.top = `${lanes[name].top}px`;
      box.style.height = `${lanes[name].height}px`;
      box.hidden = !lanes[name].height;
    }
    this.names.replaceChildren(...Object.values(boxes));
  }

  resize() {
    const width = this.tracks.clientWidth;
    if (!width || !this.film) return;
    this.width = width;
    if (this.fitted) this.setView(this.from, this.span);
    else this.fitMoment();
  }

  // --- where things are

  get scale() {
    return this.width / this.span;
  }

  get until() {
    return this.from + this.span;
  }

  get pad() {
    return (PAD_PX / this.width) * this.span;
  }

  // How far down the people are scrolled, in px.
  get scrolled() {
    return this.people.scrollTop;
  }

  // The range of the moment that plays, if it is of this video.
  get band() {
    const { moment } = this.player;
    if (!moment || moment.video !== this.film.video) return null;
    return [this.player.msOf(moment.start), this.player.msOf(moment.end)];
  }

  x(ms) {
    return (ms - this.from) * this.scale;
  }

  at(x) {
    return this.from + x / this.scale;
  }

  onFrame(ms) {
    const { frame, duration } = this.film;
    return limited(Math.round(Math.floor(ms / frame + 0.001) * frame), 0, duration);
  }

  rangeOf(segment) {
    return this.preview.get(segment.id) || [segment.start, segment.end];
  }

  rowOf(segment) {
    return this.rows[this.places.get(segment.id)];
  }

  rowAt(y) {
    return Math.floor(((y - this.lanes.segments.top) / SEGMENTS_PX) * this.rowCount);
  }

  get(id) {
    return this.segments[this.places.get(id)];
  }

  // Segments of which a part lies between two times.
  between(start, end) {
    const first = firstFrom(this.segments, (_, i) => this.reach[i] > start);
    const found = [];
    for (let i = first; i < this.segments.length && this.segments[i].start < end; i += 1) {
      if (this.segments[i].end > start) found.push(this.segments[i]);
    }
    return found;
  }

  // The segment at a time: the chosen one where several are.
  under(ms) {
    const found = this.between(ms, ms + 0.5);
    return found.find(({ id }) => id === this.chosen) || found[0] || null;
  }

  segmentAt(x, y) {
    const ms = this.at(x);
    const near = 2 / this.scale; // one that is narrower than a pixel can be pressed as well
    const found = this.between(ms - near, ms + near).filter((segment) => this.rowOf(segment) === this.rowAt(y));
    const away = ({ start, end }) => Math.max(start - ms, ms - end, 0);
    return found.sort((a, b) => away(a) - away(b))[0] || null;
  }

  // The next cut before or after a time.
  cut(way, ms) {
    const half = this.film.frame / 2;
    if (way > 0) return this.cuts[firstFrom(this.cuts, (cut) => cut > ms + half)];
    return this.cuts[firstFrom(this.cuts, (cut) => cut >= ms - half) - 1];
  }

  // --- the view

  setView(from, span) {
    const { duration, frame } = this.film;
    const inner = Math.max(0.5, 1 - (2 * PAD_PX) / this.width);
    this.span = limited(span, Math.max(200, 8 * frame), duration / inner);
    this.from = limited(from, -this.pad, duration + this.pad - this.span);
    this.draw();
  }

  // Whether it could.
  pan(px) {
    const { from } = this;
    this.setView(from + px / this.scale, this.span);
    return from !== this.from;
  }

  zoom(factor, around = this.visible(this.player.ms) ? this.player.ms : this.from + this.span / 2) {
    const place = (around - this.from) / this.span;
    this.setView(this.from, this.span * factor);
    this.setView(around - place * this.span, this.span);
  }

  visible(ms) {
    return ms >= this.from && ms <= this.until;
  }

  reveal(start, end = start) {
    if (!this.width || (this.visible(start) && this.visible(end))) return;
    if (end - start > this.span) this.setView(start - this.span * 0.1, this.span);
    else this.setView((start + end - this.span) / 2, this.span);
  }

  // Another moment plays.
  refit() {
    this.fitted = false;
    if (this.film) this.resize();
  }

  fitMoment() {
    const { band } = this;
    if (!this.width || !band) return this.draw();
    this.fitted = true;
    const [start, end] = band;
    this.setView(0, Math.max((end - start) * 2.5, FIT_MS));
    this.setView((start + end - this.span) / 2, this.span);
  }

  // The moment, and where that is in sight already the whole video.
  fit() {
    const { from, span } = this;
    this.fitMoment();
    if (Math.abs(from - this.from) < this.pad && Math.abs(span - this.span) < this.pad) this.setView(0, Infinity);
  }

  wheel(event) {
    if (!this.film) return;
    const unit = event.deltaMode === 1 ? 16 : 1;
    const { left, top } = this.tracks.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(limited(event.deltaY * unit, -60, 60) * 0.008), this.at(limited(event.clientX - left, 0, this.width)));
      return;
    }
    const upright = Math.abs(event.deltaY) > Math.abs(event.deltaX);
    const more = this.people.scrollHeight > this.people.clientHeight + 1;
    if (upright && more && this.lanes.has("people", event.clientY - top)) {
      event.preventDefault();
      this.people.scrollTop += event.deltaY * unit;
    } else if (this.pan((upright ? event.deltaY : event.deltaX) * unit)) event.preventDefault(); // at its ends the page scrolls
  }

  survey(event) {
    const { left, width } = this.overview.getBoundingClientRect();
    const move = ({ clientX }) => this.setView(((clientX - left) / width) * this.film.duration - this.span / 2, this.span);
    const done = () => this.overview.removeEventListener("pointermove", move);
    this.overview.setPointerCapture(event.pointerId);
    this.overview.addEventListener("pointermove", move);
    this.overview.addEventListener("lostpointercapture", done, { once: true });
    move(event);
  }

  // --- drawing

  draw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.drawNow();
    });
  }

  drawNow() {
    if (!this.film || this.folded || !this.width) return;
    this.root.classList.toggle("waiting", this.player.moment?.video !== this.film.video);
    this.lanes.paint(this);
    this.placeSegments();
    this.placeMarks();
    this.placeHead(this.player.flowing);
    const { duration } = this.film;
    const [view] = this.overview.children;
    view.style.left = `${limited(this.from / duration, 0, 1) * 100}%`;
    view.style.right = `${limited(1 - this.until / duration, 0, 1) * 100}%`;
    this.overview.classList.toggle("whole", this.span >= duration);
  }

  placeSegments() {
    const least = LEAST_PX / this.scale;
    const wanted = new Map();
    const want = (segment) => segment && wanted.set(segment.id, segment);
    for (const segment of this.between(this.from, this.until)) {
      const [start, end] = this.rangeOf(segment);
      if (end - start >= least) want(segment);
    }
    const others = [...this.preview.keys(), ...[...this.picked].slice(0, MOST_MARKED), this.chosen, this.focused];
    for (const id of others) want(this.get(id));
    const tabbed = this.get(this.focused) || this.get(this.chosen) || wanted.values().next().value || this.segments[0];
    want(tabbed);
    for (const [id, item] of this.items) {
      if (wanted.has(id)) continue;
      item.remove();
      this.items.delete(id);
    }
    let before = null;
    for (const segment of [...wanted.values()].sort((a, b) => this.places.get(a.id) - this.places.get(b.id))) {
      const item = this.placed(segment, segment === tabbed);
      const next = before ? before.nextSibling : this.lane.firstChild;
      if (item !== next) this.lane.insertBefore(item, next);
      before = item;
    }
  }

  // The element of a segment, at its place; it is written anew only where something of it changed.
  placed(segment, tabbed) {
    const { id, text, edited, locked } = segment;
    const [start, end] = this.rangeOf(segment);
    const [x, last] = [limited(this.x(start), -9, this.width + 9), limited(this.x(end), -9, this.width + 1)];
    const width = Math.max(3, last - x - 1);
    const place = this.places.get(id);
    let item = this.items.get(id);
    if (!item) {
      item = make("div", "segment");
      item.dataset.id = id;
      item.tabIndex = -1;
      item.setAttribute("role", "option");
      this.items.set(id, item);
    }
    const told = [start, end, text, edited, locked, place, this.segments.length, this.texts.segment_model].join("\n");
    if (item.told !== told) {
      item.told = told;
      this.write(item, segment, start, end);
      item.setAttribute("aria-posinset", String(place + 1));
      item.setAttribute("aria-setsize", String(this.segments.length));
    }
    const height = SEGMENTS_PX / this.rowCount;
    item.style.transform = `translate(${x}px, ${this.rows[place] * height}px)`;
    item.style.width = `${width}px`;
    item.style.height = `${height}px`;
    const picked = this.picked.has(id);
    const classes = { picked, chosen: id === this.chosen, dragged: this.preview.has(id), cut: x < 0, short: width < 26 };
    for (const [name, on] of Object.entries(classes)) if (item.classList.contains(name) !== on) item.classList.toggle(name, on);
    const selected = String(picked || (!this.picked.size && id === this.chosen));
    if (item.getAttribute("aria-selected") !== selected) item.setAttribute("aria-selected", selected);
    if (id === this.chosen) item.setAttribute("aria-current", "true");
    else if (item.hasAttribute("aria-current")) item.removeAttribute("aria-current");
    if (item.tabIndex !== (tabbed ? 0 : -1)) item.tabIndex = tabbed ? 0 : -1;
    return item;
  }

  write(item, segment, start, end) {
    const { texts } = this;
    const caption = segment.text || texts.no_caption;
    const states = [segment.edited ? texts.segment_edited : texts.segment_model, segment.locked ? texts.segment_locked : ""];
    const range = `${clock(start / 1000)}–${clock(end / 1000)}`;
    const label = [range, caption, ...states.filter(Boolean)].join(", ");
    item.setAttribute("aria-label", label);
    item.title = label.slice(0, 600);
    item.classList.toggle("edited", segment.edited);
    item.classList.toggle("locked", segment.locked);
    const words = make("span", segment.text ? "words" : "words none", caption.slice(0, LONGEST_WORDS));
    words.lang = segment.text ? segment.lang : "";
    item.replaceChildren(words);
    if (segment.locked) item.append(icon(LOCK));
  }

  placeMarks() {
    const { in: first, out: last } = this.marks;
    this.range.hidden = first === null && last === null;
    if (this.range.hidden) return;
    const [start, end] = [first ?? last, last ?? first];
    const [x, until] = [limited(this.x(start), -40, this.width + 40), limited(this.x(end), -40, this.width + 40)];
    this.range.style.transform = `translateX(${x}px)`;
    this.range.style.width = `${until - x}px`;
    this.range.classList.toggle("open", first === null || last === null);
    this.range.firstElementChild.hidden = first === null;
    this.range.lastElementChild.hidden = last === null;
  }

  placeHead(ms) {
    const x = this.x(ms);
    this.head.style.transform = `translateX(${x}px)`;
    this.head.hidden = x < -1 || x > this.width + 1;
    this.overview.lastElementChild.style.left = `${limited(ms / this.film.duration, 0, 1) * 100}%`;
  }

  // The player moved, or may have.
  moved() {
    if (!this.film || !this.width || this.folded || this.player.moment?.video !== this.film.video) return;
    const { playing, flowing: ms } = this.player;
    if (ms === this.stood && playing === this.went) return;
    const was = this.visible(this.stood);
    this.stood = ms;
    this.went = playing;
    if (!this.drags.now) this.follow(ms, playing, was);
    this.placeHead(ms);
    const here = this.under(ms);
    if (here !== this.here || !playing) {
      this.here = here;
      this.showTools();
    }
    const tenth = Math.floor(ms / 100);
    if (tenth === this.tenth && playing) return;
    this.tenth = tenth;
    this.ruler.setAttribute("aria-valuenow", String(Math.round(ms)));
    this.ruler.setAttribute("aria-valuetext", clock(ms / 1000));
  }

  // While it plays the view turns the page with the playhead, unless somebody looks elsewhere.
  follow(ms, playing, was) {
    if (!playing) this.reveal(ms);
    else if (was && this.span < FLOWING_MS) this.setView(ms - this.span / 2, this.span);
    else if (was && !this.visible(ms)) this.setView(ms - this.span * 0.08, this.span);
  }

  showTools() {
    if (!this.film) return;
    const could = this.act.could();
    for (const button of this.tools.querySelectorAll("[data-tool]")) {
      const off = String(Boolean(could[button.dataset.tool]));
      if (button.getAttribute("aria-disabled") !== off) button.setAttribute("aria-disabled", off);
    }
    const { size } = this.picked;
    const said = { 0: "", 1: this.texts.picked_one }[size] ?? this.texts.picked_many.replace("{count}", size);
    if (!this.hinting && this.hint.textContent !== said) this.hint.textContent = said;
  }

  // Why something did not happen, for a while.
  say(text) {
    clearTimeout(this.hinting);
    this.hint.textContent = text;
    this.hint.classList.add("told");
    this.hinting = setTimeout(() => {
      this.hinting = null;
      this.hint.classList.remove("told");
      this.showTools();
    }, HINT_MS);
  }

  // Ranges as they are while an edge is dragged.
  show(preview) {
    this.preview = preview;
    this.draw();
  }

  // --- in and out

  setMark(which, ms) {
    const marks = { ...this.marks, [which]: ms };
    if (marks.in !== null && marks.out !== null && marks.in >= marks.out) marks[which === "in" ? "out" : "in"] = null;
    this.putMarks(marks);
  }

  putMarks(marks) {
    this.marks = marks;
    this.draw();
    this.showTools();
  }

  // --- choosing several

  toggle(id) {
    const base = this.picked.size || !this.places.has(this.chosen) ? [...this.picked] : [this.chosen];
    this.anchor = id;
    this.act.pick(base.includes(id) ? base.filter((other) => other !== id) : [...base, id]);
  }

  // All from where the selection began.
  pickTo(id) {
    this.anchor = [this.anchor, this.chosen, id].find((other) => this.places.has(other));
    const [first, last] = [this.places.get(this.anchor), this.places.get(id)];
    const ids = this.segments.slice(Math.min(first, last), Math.max(first, last) + 1).map((segment) => segment.id);
    this.act.pick(first <= last ? ids : ids.reverse());
  }

  // --- keys among the segments

  focusOn(id) {
    if (!this.places.has(id)) return;
    this.focused = id;
    const { start, end } = this.get(id);
    this.reveal(start, end);
  }

  key(event) {
    const here = this.places.get(this.focused);
    if (here === undefined || event.altKey) return;
    const last = this.segments.length - 1;
    const next = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[event.key];
    const many = event.ctrlKey || event.metaKey;
    if (next !== undefined && !many) {
      const { id } = this.segments[limited(next, 0, last)];
      if (event.shiftKey) {
        if (!this.picked.size) this.anchor = this.focused;
        this.pickTo(id);
      }
      this.focusOn(id);
      this.drawNow(); // it is there before it is focused
      this.items.get(id).focus({ preventScroll: true });
    } else if (event.key === "Enter" && many) this.toggle(this.focused);
    else if (event.key === "Enter") {
      this.act.choose(this.focused);
      this.act.play(this.focused);
    } else return;
    event.preventDefault();
  }
}
