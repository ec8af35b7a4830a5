// What pointers do on the timeline: press, scrub, pan, pinch, and the edges of segments and marks that are dragged.
const GRAB_PX = 6;
const TOUCH_PX = 16;
const SNAP_PX = 8;
const MOVED_PX = 4;
const BORDER_PX = 28; // dragging here moves the view
const DOUBLE_MS = 400;
const LONG_MS = 450; // a finger that rests so long picks

// Ranges after one of them is moved: those that meet its edges follow, or stay.
function movedRanges(segments, { id, start, end, neighbours }) {
  const moved = new Map();
  const own = segments.find((segment) => segment.id === id);
  if (!own) return moved;
  moved.set(id, [start, end]);
  if (neighbours === "stay") return moved;
  for (const other of segments) {
    if (other.id === id) continue;
    if (other.end === own.start && own.start !== start && other.start < start) moved.set(other.id, [other.start, start]);
    if (other.start === own.end && own.end !== end && end < other.end) moved.set(other.id, [end, other.end]);
  }
  return moved;
}

class Drags {
  // view: the `Timeline`; flag: the time beside what is dragged.
  constructor(view, tracks, flag) {
    this.view = view;
    this.tracks = tracks;
    this.flag = flag;
    this.pointers = new Map();
    this.now = null; // the drag that goes on: `end()`, `abort()`
    tracks.addEventListener("pointerdown", (event) => this.press(event));
    tracks.addEventListener("pointermove", (event) => this.hover(event));
    tracks.addEventListener("mousedown", (event) => { // the arrows stay the player's, and a field is left
      event.preventDefault();
      tracks.focus({ preventScroll: true });
    });
    tracks.addEventListener("contextmenu", (event) => event.pointerType === "touch" && event.preventDefault());
    for (const name of ["pointerup", "pointercancel"]) {
      tracks.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
  }

  place(event) {
    const { left, top } = this.tracks.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  // The edge near a place, of a segment that can be moved: where two meet, of the one that is pressed. A finger
  // moves only edges of the chosen one.
  edgeAt(x, y, touch) {
    const { view } = this;
    if (!view.editable || !view.lanes.has("segments", y)) return null;
    const grab = touch ? TOUCH_PX : GRAB_PX;
    const found = [];
    for (const segment of view.between(view.at(x - grab), view.at(x + grab))) {
      const chosen = segment.id === view.chosen;
      const [start, end] = [view.x(segment.start), view.x(segment.end)];
      const small = end - start < 3 * GRAB_PX;
      if (segment.locked || (!chosen && (touch || small))) continue;
      if (view.rowCount > 1 && view.rowAt(y) !== view.rowOf(segment)) continue;
      const inward = small ? 1 : grab; // a narrow one is held from outside
      const pressed = x >= start && x < end;
      if (x >= start - grab && x <= start + inward) found.push({ segment, edge: "start", away: Math.abs(x - start), pressed });
      if (x <= end + grab && x >= end - inward) found.push({ segment, edge: "end", away: Math.abs(x - end), pressed });
    }
    return found.sort((a, b) => b.pressed - a.pressed || a.away - b.away)[0] || null;
  }

  hover(event) {
    if (this.now || !this.view.film || event.pointerType === "touch") return;
    const { x, y } = this.place(event);
    this.tracks.classList.toggle("edge", Boolean(this.edgeAt(x, y, false)));
  }

  press(event) {
    const { view } = this;
    if (!view.film || event.button > 1) return;
    const touch = event.pointerType === "touch";
    const { x, y } = this.place(event);
    this.pointers.set(event.pointerId, { x, y });
    this.tracks.setPointerCapture(event.pointerId);
    if (touch && this.pointers.size === 2) return this.pinch();
    if (this.now) return;
    const still = (released) => this.pressed(event, released, x, y);
    const mark = event.composedPath()[0].closest?.(".range i");
    const edge = event.button === 0 && this.edgeAt(x, y, touch);
    if (event.button === 1) {
      event.preventDefault(); // no automatic scrolling
      this.begin(event, this.panning(x));
    } else if (mark) this.begin(event, this.marking(mark.classList.contains("in") ? "in" : "out"));
    else if (edge) this.begin(event, { ...this.moving(edge, x), still });
    else if (view.lanes.has("ruler", y)) this.begin(event, this.scrubbing());
    else this.begin(event, { ...this.panning(x), still });
  }

  // One drag from press to release: `move(x, event)`, `drop()`, `abort()`, and `still()` where nothing moved.
  begin(event, { move, drop, abort, still, creeps }) {
    const first = this.place(event);
    let went = !still;
    let last = event;
    let creeping = null;
    const listeners = {
      pointermove: (next) => {
        last = next;
        const { x, y } = this.place(next);
        went ||= Math.hypot(x - first.x, y - first.y) > MOVED_PX;
        if (went) move(x, next);
      },
      pointerup: (released) => {
        end();
        if (went) drop?.();
        else still(released);
      },
      pointercancel: () => {
        end();
        abort?.();
      },
    };
    const own = Object.entries(listeners).map(([name, call]) => [name, (next) => next.pointerId === event.pointerId && call(next)]);
    const modifier = (key) => { // alt and ctrl count from when they are pressed
      if (!went || !["Alt", "Control", "Meta"].includes(key.key)) return;
      key.preventDefault();
      move(this.place(last).x, key);
    };
    const creep = () => { // near the border the view moves on
      creeping = requestAnimationFrame(creep);
      const { x } = this.place(last);
      const over = limited(x < BORDER_PX ? x - BORDER_PX : Math.max(0, x - this.view.width + BORDER_PX), -BORDER_PX, BORDER_PX);
      if (went && over && this.view.pan(over * 0.25)) move(x, last);
    };
    const end = () => {
      for (const [name, call] of own) this.tracks.removeEventListener(name, call);
      for (const name of ["keydown", "keyup"]) document.removeEventListener(name, modifier);
      cancelAnimationFrame(creeping);
      this.stop();
    };
    const stopped = () => {
      end();
      abort?.();
    };
    for (const [name, call] of own) this.tracks.addEventListener(name, call);
    for (const name of ["keydown", "keyup"]) document.addEventListener(name, modifier);
    this.now = { end, abort: stopped };
    this.view.root.classList.add("dragging");
    if (creeps) creep();
    if (went) move(first.x, event);
  }

  stop() {
    this.now = null;
    this.flag.hidden = true;
    this.view.root.classList.remove("dragging");
    this.view.draw();
  }

  scrubbing() {
    const { view } = this;
    return { move: (x) => view.player.scrub(view.onFrame(view.at(limited(x, 0, view.width)))) };
  }

  panning(start) {
    const { view } = this;
    const { from } = view;
    return { move: (x) => view.setView(from - (x - start) / view.scale, view.span) };
  }

  marking(which) {
    const { view } = this;
    const before = { ...view.marks };
    return {
      creeps: true,
      move: (x, event) => {
        const { frame, duration } = view.film;
        const other = which === "in" ? before.out : before.in;
        const least = which === "out" && other !== null ? other + frame : 0;
        const most = which === "in" && other !== null ? other - frame : duration;
        const ms = Math.round(limited(this.snapped(view.at(x), !event.altKey), least, most));
        view.putMarks({ ...before, [which]: ms });
        view.player.scrub(this.shownAt(which === "in" ? "start" : "end", ms));
        this.raise(ms);
      },
      drop: () => view.act.marked(which, view.marks[which]),
      abort: () => view.putMarks(before),
    };
  }

  // An edge of a segment: the picture at the edge is shown, neighbours that meet it follow unless told to stay.
  moving({ segment, edge }, pressed) {
    const { view } = this;
    const { player } = view;
    const stood = player.ms;
    const offset = view.x(segment[edge]) - pressed;
    let asked = null;
    const back = () => {
      view.show(new Map());
      player.seekMs(stood);
    };
    return {
      creeps: true,
      move: (x, event) => {
        const neighbours = event.ctrlKey || event.metaKey ? "stay" : "follow";
        const ms = this.snapped(view.at(x + offset), !event.altKey, [stood], segment[edge]);
        const time = Math.round(this.allowed(segment, edge, ms, neighbours));
        const { id, start, end } = { ...segment, [edge]: time };
        asked = { id, start, end, neighbours };
        view.show(movedRanges(view.segments, asked));
        player.scrub(this.shownAt(edge, time));
        this.raise(time, time - segment[edge]);
      },
      drop: () => {
        if (asked[edge] === segment[edge]) return back();
        view.show(new Map());
        view.act.move(segment, edge, asked[edge], asked.neighbours);
      },
      abort: back,
    };
  }

  // The picture that belongs to an edge: the first of a range, or its last.
  shownAt(edge, ms) {
    return edge === "start" ? ms : Math.max(0, ms - this.view.film.frame);
  }

  // How far an edge can go: a frame is left of the segment and of who follows, and over people's nobody goes.
  allowed(segment, edge, ms, neighbours) {
    const { film, segments, rowCount } = this.view;
    const { frame, duration } = film;
    const left = edge === "start";
    let [least, most] = left ? [0, segment.end - frame] : [segment.start + frame, duration];
    if (rowCount > 1) return limited(ms, least, most); // here segments lie over one another
    for (const other of segments) {
      if (other.id === segment.id || (left ? other.end > segment.start : other.start < segment.end)) continue;
      const meets = left ? other.end === segment.start : other.start === segment.end;
      const follows = meets && neighbours === "follow";
      if (!follows && !other.edited && !other.locked) continue;
      if (left) least = Math.max(least, follows ? other.start + frame : other.end);
      else most = Math.min(most, follows ? other.end - frame : other.start);
    }
    return limited(ms, least, most);
  }

  // The nearest cut, mark or one of `others`, else the nearest frame; not where it comes from.
  snapped(ms, snaps, others = [], origin = null) {
    this.flag.classList.remove("caught");
    if (!snaps) return ms;
    const { cuts, marks, scale, film } = this.view;
    const next = firstFrom(cuts, (cut) => cut >= ms);
    const near = [...cuts.slice(Math.max(0, next - 2), next + 2), ...others, marks.in, marks.out];
    const [best] = near.filter((at) => at !== null && at !== origin).sort((a, b) => Math.abs(a - ms) - Math.abs(b - ms));
    const caught = best !== undefined && Math.abs(best - ms) * scale <= SNAP_PX;
    this.flag.classList.toggle("caught", caught);
    return caught ? best : Math.round(Math.round(ms / film.frame) * film.frame);
  }

  raise(ms, by) {
    const moved = by === undefined ? "" : `  ${by < 0 ? "−" : "+"}${(Math.abs(by) / 1000).toFixed(3)}`;
    this.flag.hidden = false;
    this.flag.textContent = clock(ms / 1000) + moved;
    this.flag.style.left = `${limited(this.view.x(ms), 70, this.view.width - 70)}px`;
  }

  // Two fingers.
  pinch() {
    this.now?.abort();
    const { view } = this;
    const apart = () => {
      const [one, other] = [...this.pointers.values()];
      return { middle: (one.x + other.x) / 2, distance: Math.max(20, Math.abs(one.x - other.x)) };
    };
    const begun = { span: view.span, ...apart() };
    const held = view.at(begun.middle);
    const move = (event) => {
      if (!this.pointers.has(event.pointerId)) return;
      this.pointers.set(event.pointerId, this.place(event));
      const { middle, distance } = apart();
      view.setView(view.from, (begun.span * begun.distance) / distance);
      view.setView(held - middle / view.scale, view.span);
    };
    const end = () => {
      this.tracks.removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) this.tracks.removeEventListener(name, end, true);
      this.pointers.clear();
      this.stop();
    };
    this.tracks.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.tracks.addEventListener(name, end, true);
    this.now = { end, abort: end };
  }

  // A press without a drag: a segment is chosen or picked, elsewhere the player goes there.
  pressed(event, released, x, y) {
    const { view } = this;
    const segment = view.lanes.has("segments", y) ? view.segmentAt(x, y) : null;
    if (!segment) return view.player.seekMs(view.onFrame(view.at(x)));
    if (event.shiftKey) return view.pickTo(segment.id);
    const long = event.pointerType === "touch" && released.timeStamp - event.timeStamp > LONG_MS;
    if (event.ctrlKey || event.metaKey || long) return view.toggle(segment.id);
    const { id } = segment;
    const twice = this.last?.id === id && event.timeStamp - this.last.at < DOUBLE_MS;
    this.last = { id, at: event.timeStamp };
    view.act.choose(id);
    if (twice) view.act.play(id);
  }
}
