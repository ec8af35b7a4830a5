// The editing room: the player, the timeline and the inspector around one video, and the line to the server.
const ANSWER_MS = 60_000; // an edit that is not answered by then is lost
const AGAIN_MS = 2500;
const UNSURE_MS = 6000;
const STATES = ["chosen", "picked"];
const PRESS_MS = 15_000; // who waits for a player that long has not forgotten what was pressed
const KEYS_WITHOUT_VIDEO = ["?", "/", "Escape"];

// What is told to the server. A message may be overtaken by the next one before it is read, and the work on it broken
// off by one that comes later. So edits go one after another, each when the one before is answered, and what was not
// answered is told again: the server does what has one token once.
class Post {
  // lost: called with an edit that was never answered.
  constructor(lost) {
    this.lost = lost;
    this.token = Date.now(); // above those of an earlier visit
    this.waiting = [];
    this.sent = null;
    this.held = {};
    this.unsure = {};
    this.timers = new Set();
  }

  close() {
    this.timers.forEach(clearTimeout);
  }

  after(ms, call) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      call();
    }, ms);
    this.timers.add(timer);
  }

  edit(request) {
    this.token += 1;
    this.waiting.push({ ...request, token: this.token });
    this.flush();
    return this.token;
  }

  say(name, value) {
    if (STATES.includes(name)) this.expect(name, value);
    if (this.sent) this.held[name] = value;
    else this.tell(name, value);
  }

  // The server is to come to this, told by us or by another.
  expect(name, value) {
    const unsure = { value, at: performance.now() };
    this.unsure[name] = unsure;
    this.after(AGAIN_MS, () => this.unsure[name] === unsure && !this.sent && this.tell(name, value));
  }

  // What the server shows: it knows what we know where both are the same.
  heard(name, value) {
    if (name in this.unsure && JSON.stringify(this.unsure[name].value) === JSON.stringify(value)) delete this.unsure[name];
  }

  // Whether what the server shows is older than what was told.
  behind(name) {
    const unsure = this.unsure[name];
    if (unsure && !(name in this.held) && performance.now() - unsure.at > UNSURE_MS) delete this.unsure[name];
    return name in this.unsure;
  }

  flush() {
    if (this.sent || !this.waiting.length) return;
    this.sent = this.waiting.shift();
    for (const name of STATES) if (this.behind(name)) this.tell(name, this.unsure[name].value);
    this.tell("edit", this.sent);
    this.remind(this.sent, AGAIN_MS);
  }

  remind(request, ms) {
    this.after(ms, () => {
      if (this.sent !== request) return;
      if (2 * ms > ANSWER_MS) return this.lost(request);
      this.tell("edit", request);
      this.remind(request, 2 * ms);
    });
  }

  // What became of an edit; returns the request where it is the one that was sent.
  answered(outcome) {
    this.token = Math.max(this.token, outcome?.token ?? 0);
    if (!this.sent || outcome?.token !== this.sent.token) return null;
    const request = this.sent;
    this.sent = null;
    return request;
  }

  goOn() {
    this.flush();
    if (this.sent) return;
    const { held } = this;
    this.held = {};
    for (const [name, value] of Object.entries(held)) this.tell(name, value);
  }
}

class Room {
  constructor(host) {
    this.root = host.querySelector(".room");
    this.told = host.querySelector(".told");
    this.post = new Post((request) => this.update({ ...this.data, outcome: { token: request.token, ok: false, message: this.texts.no_answer } }, this.post.tell));
    this.chosen = null;
    this.picked = [];
    this.ahead = new Map(); // token -> ranges that are shown before the server has them
    this.player = new Player(host, {
      chosen: (id) => this.tellChosen(id),
      liked: (id) => this.post.say("liked", id),
      shown: (moment, outside) => this.shown(moment, outside),
      moved: () => this.timeline.moved(),
      expired: () => this.player.moment.segment !== null && this.post.say("chosen", this.player.moment.segment),
      shuttled: (speed) => this.tellSpeed(speed),
    });
    this.timeline = new Timeline(host, this.player, this);
    const act = {
      edit: (request) => this.edit(request),
      choose: (id) => this.choose(id),
      pick: (ids) => this.pick(ids),
      seekMs: (ms) => this.player.seekMs(ms),
      playMs: (start, end) => this.player.playMs(start, end),
    };
    this.inspector = new Inspector(host.querySelector(".inspector"), act);
    this.help = new Help(host);
    this.keys = new Keys(this);
    this.onPlay = ({ detail }) => this.played(detail.moment);
    window.addEventListener(PLAY_EVENT, this.onPlay);
  }

  close() {
    this.next = null;
    window.removeEventListener(PLAY_EVENT, this.onPlay);
    this.keys.close();
    this.timeline.close();
    this.player.close();
    this.post.close();
    this.inspector.close?.();
  }

  get editable() {
    return Boolean(this.data?.editable);
  }

  get film() {
    return this.timeline.film;
  }

  // Whether the timeline shows the video that plays.
  get here() {
    return Boolean(this.film && this.player.moment?.video === this.film.video);
  }

  // New results are on screen first: another film keeps the browser busy for a while.
  receive(data, tell) {
    if (!this.next && (!this.data || this.data.query === data.query)) return this.update(data, tell);
    if (!this.next) afterPaint(() => this.takeNext());
    this.next = { data, tell };
  }

  takeNext() {
    if (!this.next) return;
    const { data, tell } = this.next;
    this.next = null;
    this.update(data, tell);
  }

  update(data, tell) {
    this.post.tell = tell;
    const before = this.data;
    this.data = data;
    this.texts = data.texts;
    const answered = this.post.answered(data.outcome);
    if (answered) this.answer(answered, data, before);
    for (const name of STATES) {
      this.post.heard(name, data[name]);
      if (!this.post.behind(name)) this[name] = data[name];
    }
    this.refits = false;
    this.updating = true;
    this.player.update(data, Boolean(answered));
    this.updating = false;
    this.drawFilm();
    this.help.update(data);
    if (answered) this.post.goOn();
  }

  drawFilm() {
    const film = this.ahead.size && this.data.film ? this.withAhead(this.data.film) : this.data.film;
    const there = new Set(film?.segments.map(({ id }) => id));
    const others = new Set(this.data.picked); // also of other videos
    this.picked = this.picked.filter((id) => there.has(id) || others.has(id));
    const data = { ...this.data, film, chosen: this.chosen, picked: this.picked };
    this.timeline.update(data);
    if (this.refits) this.timeline.refit();
    this.refits = false;
    this.inspector.update(data);
  }

  // The answer to an edit: what was shown ahead of it is the server's now, or goes back.
  answer(request, data, before) {
    for (const token of this.ahead.keys()) if (token <= request.token) this.ahead.delete(token);
    const { ok, operation } = data.outcome;
    if (!ok) return;
    if (request.do === "create") this.timeline.putMarks({ in: null, out: null });
    if (["merge", "delete"].includes(request.do)) this.picked = [];
    if (!("chosen" in this.post.held)) this.player.pressed = null; // the chosen one may be gone
    const number = typeof operation === "object" ? operation?.id : operation;
    const [was, is] = [before, data].map(({ film }) => new Map(film?.segments.map(({ id, version }) => [id, version])));
    for (const { seen } of this.post.waiting) {
      for (const id of Object.keys(seen || {})) { // our own edit is no surprise to the next one
        const now = is.get(Number(id));
        if (seen[id] === was.get(Number(id)) && now !== undefined && (number === undefined || now === number)) seen[id] = now;
      }
    }
  }

  withAhead(film) {
    const ranges = new Map([...this.ahead.values()].flatMap((moved) => [...moved]));
    const segments = film.segments.map((segment) => {
      const range = ranges.get(segment.id);
      return range ? { ...segment, start: range[0], end: range[1] } : segment;
    });
    return { ...film, segments: segments.sort((a, b) => a.start - b.start) };
  }

  // --- choosing

  shown(moment, outside) {
    if (outside) this.refits = true;
    if (this.updating) return;
    if (outside) this.timeline.refit();
    this.timeline.draw();
    this.refits = false;
  }

  played(moment) {
    if (moment.segment === null) return;
    this.chosen = moment.segment;
    this.post.expect("chosen", moment.segment);
  }

  tellChosen(id) {
    this.chosen = id;
    this.post.say("chosen", id);
    const others = this.picked.filter((picked) => !this.timeline.get(picked)); // of other videos
    if (others.length < this.picked.length) this.pick(others);
    else this.drawFilm();
  }

  choose(id) {
    const segment = this.timeline.get(id);
    if (!segment) return;
    const known = this.player.moment?.id === id;
    this.player.choose(known ? this.player.moment : this.momentOf(segment), this.player.timeOf(segment.start));
    this.timeline.reveal(segment.start, segment.end);
    this.tellChosen(id);
  }

  play(id) {
    const { start } = this.timeline.get(id);
    this.player.playMs(start);
  }

  // A segment as the player shows it, until the server says more of it.
  momentOf(segment) {
    const { moment } = this.player;
    const { id, start, end } = segment;
    const drawn = this.data.strip.find((other) => other.id === id);
    if (drawn) return drawn;
    const times = { start: this.player.timeOf(start), end: this.player.timeOf(end) };
    const span = `${briefClock(start)}–${briefClock(end)}`;
    const captions = segment.text ? [{ lang: segment.lang, text: segment.text, parts: [{ text: segment.text, hit: false }] }] : [];
    return {
      ...moment,
      ...{ id, segment: id, span, captions, ...times, at: times.start, best: times.end },
      ...{ clock: briefClock(start), seconds: this.texts.seconds.replace("{seconds}", ((end - start) / 1000).toFixed(1)) },
      ...{ segments: "", untranslated: "", speech: [], objects: [], preview: null, still: moment.still },
      people: segment.people.map((name) => ({ name, group: "", tip: name, named: false })),
      label: this.texts.play_moment.replace("{title}", () => moment.title).replace("{span}", span),
    };
  }

  pick(ids) {
    this.picked = ids;
    this.post.say("picked", ids);
    const many = ids.length === 1 ? this.texts.picked_one : this.texts.picked_many.replace("{count}", ids.length);
    this.told.textContent = many;
    this.drawFilm();
  }

  escape() {
    if (this.timeline.drags.now) this.timeline.drags.now.abort();
    else if (this.picked.length) this.pick([]);
  }

  // --- editing

  // Hand an edit to the server; returns its token. Moved edges are shown at once.
  edit(request) {
    const token = this.post.edit(request);
    if (request.do !== "move") return token;
    const segment = this.timeline.get(request.id);
    const { start_ms: start = segment?.start, end_ms: end = segment?.end } = request;
    const moved = movedRanges(this.timeline.segments, { id: request.id, start, end, neighbours: request.neighbours });
    this.ahead.set(token, moved);
    const { moment } = this.player;
    const whole = moment && segment && this.player.msOf(moment.start) === segment.start && this.player.msOf(moment.end) === segment.end;
    if (whole && moment.segment === request.id) this.player.retime(this.player.timeOf(start), this.player.timeOf(end));
    this.drawFilm();
    return token;
  }

  move(segment, edge, ms, neighbours) {
    this.edit({ do: "move", id: segment.id, [`${edge}_ms`]: ms, neighbours, seen: this.seen([segment.id]) });
  }

  // The versions that are on the screen.
  seen(ids) {
    return Object.fromEntries(ids.flatMap((id) => this.find(id) || []).map(({ id, version }) => [id, version]));
  }

  // A segment of this video, or a selected one of another.
  find(id) {
    return this.timeline.get(id) || this.data.details.find((detail) => detail.id === id);
  }

  get selection() {
    return this.picked.length ? this.picked : this.timeline.get(this.chosen) ? [this.chosen] : [];
  }

  // The segment that can be split where the player stands.
  get splittable() {
    const { ms } = this.player;
    const segment = this.timeline.under(ms);
    return segment && ms > segment.start && ms < segment.end ? segment : null;
  }

  // Why each tool does nothing now; empty where it does.
  could() {
    const { texts } = this;
    const reasons = { in: "", out: "", undo: "", redo: "", zoom_out: "", zoom_in: "", fit: "" };
    if (!this.here) {
      for (const tool of Object.keys(TOOL_KEYS)) reasons[tool] = texts.hint_other;
      return reasons;
    }
    const locked = (ids) => (ids.some((id) => this.find(id)?.locked) ? texts.hint_locked : "");
    const { marks } = this.timeline;
    const { splittable, selection } = this;
    reasons.create = marks.in === null || marks.out === null ? texts.hint_create : "";
    reasons.split = splittable ? locked([splittable.id]) : texts.hint_split;
    reasons.merge = selection.length < 2 || !selection.every((id) => this.timeline.get(id)) ? texts.hint_merge : locked(selection);
    reasons.delete = selection.length ? locked(selection) : texts.hint_delete;
    return reasons;
  }

  do(tool) {
    const why = this.could()[tool];
    if (why) return this.say(why);
    const { ms } = this.player;
    const { marks } = this.timeline;
    const ids = this.selection;
    const actions = {
      in: () => this.mark("in", ms),
      out: () => this.mark("out", ms >= this.film.duration - 1.5 * this.film.frame ? this.film.duration : ms),
      create: () => this.edit({ do: "create", video: this.film.video, start_ms: marks.in, end_ms: marks.out }),
      split: () => this.edit({ do: "split", id: this.splittable.id, at_ms: ms, seen: this.seen([this.splittable.id]) }),
      merge: () => this.edit({ do: "merge", ids, seen: this.seen(ids) }),
      delete: () => this.edit({ do: "delete", ids, seen: this.seen(ids) }),
      undo: () => this.edit({ do: "undo" }),
      redo: () => this.edit({ do: "redo" }),
      zoom_out: () => this.timeline.zoom(1.6),
      zoom_in: () => this.timeline.zoom(1 / 1.6),
      fit: () => this.timeline.fit(),
    };
    actions[tool]();
  }

  // The edge of the segment that has the focus, else of the chosen one, comes to where the player stands.
  edge(edge) {
    if (!this.here) return this.say(this.texts.hint_other);
    const { ms } = this.player;
    const held = this.timeline.lane.contains(this.timeline.lane.getRootNode().activeElement);
    const segment = this.timeline.get(held ? this.timeline.focused : this.chosen);
    if (!segment) return this.say(this.texts.hint_delete);
    if (segment.locked) return this.say(this.texts.hint_locked);
    if (this.timeline.drags.allowed(segment, edge, ms, "follow") !== ms) return this.say(this.texts.hint_edge);
    if (segment[edge] !== ms) this.move(segment, edge, ms, "follow");
  }

  // --- in and out, cuts

  mark(which, ms) {
    this.timeline.setMark(which, ms);
    this.marked(which, ms);
  }

  marked(which, ms) {
    this.timeline.showTools();
    this.told.textContent = this.texts[`told_${which}`].replace("{time}", clock(ms / 1000));
  }

  goMark(which) {
    const ms = this.timeline.marks[which];
    if (ms !== null) this.player.seekMs(ms);
  }

  clearMarks() {
    this.timeline.putMarks({ in: null, out: null });
    this.told.textContent = this.texts.told_cleared;
  }

  cut(way) {
    if (!this.here) return;
    const ms = this.timeline.cut(way, this.player.ms);
    if (ms !== undefined) this.player.seekMs(ms);
  }

  // --- telling

  say(text) {
    this.timeline.say(text);
    this.told.textContent = "";
    requestAnimationFrame(() => (this.told.textContent = text)); // the same sentence is read again
  }

  tellSpeed(speed) {
    const { texts, player } = this;
    const stopped = texts.told_stopped.replace("{time}", clock(player.ms / 1000));
    const going = (speed > 0 ? texts.told_forwards : texts.told_backwards).replace("{speed}", Math.abs(speed));
    this.told.textContent = speed ? going : stopped;
  }

  // Whether a key has a meaning now: without a video most have none.
  listens(name) {
    if (KEYS_WITHOUT_VIDEO.includes(name)) return name !== "/" || Boolean(document.querySelector(".st-key-q input"));
    if (name === "Escape") return Boolean(this.timeline.drags.now || this.picked.length);
    return Boolean(this.player.moment && (this.player.video || this.film));
  }
}

const rooms = new WeakMap();

// Play what was pressed before the player was there.
function takeUp() {
  const pressed = window.vsearchPressed;
  delete window.vsearchPressed;
  if (!pressed || performance.now() - pressed.at > PRESS_MS) return;
  window.dispatchEvent(new CustomEvent(PLAY_EVENT, { detail: pressed, cancelable: true }));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const here = rooms.has(parentElement);
  if (!here) rooms.set(parentElement, new Room(parentElement));
  rooms.get(parentElement).receive(data, setTriggerValue);
  if (!here) takeUp();
  return () => {
    rooms.get(parentElement)?.close();
    rooms.delete(parentElement);
  };
}
