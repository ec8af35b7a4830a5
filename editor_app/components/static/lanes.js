// The lanes of a video: how high they are, and all of them that is painted. Only what is in sight is.
const RULER_PX = 18;
const SHOTS_PX = 8;
const SEGMENTS_PX = 38;
const PERSON_PX = 12;
const SPEECH_PX = 15;
const GAP_PX = 2;
const MOST_PEOPLE = 4; // the others are scrolled to
const LEAST_PX = 6; // a narrower segment is painted, a wider one is an element
const LONGEST_WORDS = 240;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000);
const PAINTS = ["text", "soft", "line", "band", "shot", "shot-other", "model", "edited", "speech"];

const limited = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

// The first place in a sorted list from which on `far` holds.
function firstFrom(list, far) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (far(list[middle], middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function briefClock(ms) {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
}

class Lanes {
  // probe: an element whose colour nobody needs while it is read.
  constructor(canvas, probe) {
    this.canvas = canvas;
    this.probe = probe;
    this.height = 0;
  }

  // Where each lane lies; a lane without content has no height, on a small screen most have none.
  layOut({ people, speech, shots }, small) {
    const heights = {
      ruler: RULER_PX,
      shots: small || !shots.length ? 0 : SHOTS_PX,
      segments: SEGMENTS_PX,
      people: small ? 0 : Math.min(MOST_PEOPLE, people.length) * PERSON_PX,
      speech: small || !speech.length ? 0 : SPEECH_PX,
    };
    let top = 0;
    for (const [name, height] of Object.entries(heights)) {
      this[name] = { top, height };
      if (height) top += height + GAP_PX;
    }
    this.height = top - GAP_PX;
  }

  has(name, y) {
    const { top, height } = this[name];
    return y >= top && y < top + height;
  }

  // The colours may be others now.
  forget() {
    this.colours = null;
  }

  readColours() {
    const style = getComputedStyle(this.probe);
    const before = this.probe.style.color;
    this.colours = { font: style.fontFamily };
    for (const name of PAINTS) {
      this.probe.style.color = `var(--lane-${name})`;
      this.colours[name] = style.color;
    }
    this.probe.style.color = before;
  }

  // view: the `Timeline`.
  paint(view) {
    if (!this.colours) this.readColours();
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(view.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) {
      Object.assign(this.canvas, { width, height });
      this.canvas.style.height = `${this.height}px`;
    }
    const brush = this.canvas.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, view.width, this.height);
    brush.textBaseline = "middle";
    brush.font = `10.5px ${this.colours.font}`;
    this.paintRuler(brush, view);
    if (this.shots.height) this.paintShots(brush, view);
    this.paintNarrow(brush, view);
    if (this.people.height) this.paintPeople(brush, view);
    if (this.speech.height) this.paintSpeech(brush, view);
  }

  paintRuler(brush, view) {
    const { from, until, film, scale, band } = view;
    if (band) {
      brush.fillStyle = this.colours.band;
      brush.fillRect(view.x(band[0]), 0, (band[1] - band[0]) * scale, RULER_PX);
    }
    const last = Math.min(film.duration, until);
    const frames = [1, 2, 5, 10].map((count) => count * film.frame).filter((step) => step < 900);
    const step = [...frames, ...STEPS].find((ms) => ms * scale >= (ms < 1000 ? 74 : 58)) || STEPS.at(-1);
    const parts = [film.frame, step / 10, step / 5, step / 2].filter((ms) => ms <= step && ms >= film.frame);
    const part = parts.find((ms) => ms * scale >= 6) || step;
    brush.fillStyle = this.colours.line;
    for (let i = Math.max(0, Math.ceil(from / part)); i * part <= last; i += 1) {
      brush.fillRect(Math.round(view.x(i * part)), RULER_PX - 4, 1, 4);
    }
    for (let i = Math.max(0, Math.floor(from / step)); i * step <= last; i += 1) {
      const x = Math.round(view.x(i * step));
      brush.fillStyle = this.colours.line;
      brush.fillRect(x, 3, 1, RULER_PX - 3);
      brush.fillStyle = this.colours.soft;
      brush.fillText(step < 1000 ? clock(Math.round(i * step) / 1000) : briefClock(i * step), x + 4, RULER_PX / 2 - 1);
    }
  }

  // Calls `draw(x, end, index)` for the ranges in sight, in px; of those within one pixel, for the first.
  inSight(ranges, view, draw) {
    let done = -1;
    for (let i = firstFrom(ranges, (range) => range[1] > view.from); i < ranges.length && ranges[i][0] < view.until; i += 1) {
      const [x, end] = [limited(view.x(ranges[i][0]), -4, view.width), limited(view.x(ranges[i][1]), 0, view.width + 4)];
      if (end < done + 0.5) continue;
      done = end;
      draw(x, end, i);
    }
  }

  paintShots(brush, view) {
    const { top, height } = this.shots;
    this.inSight(view.film.shots, view, (x, end, i) => {
      brush.fillStyle = i % 2 ? this.colours["shot-other"] : this.colours.shot;
      brush.fillRect(x, top, Math.max(0.5, end - x - (end - x > 3 ? 1 : 0)), height);
    });
  }

  paintNarrow(brush, view) {
    const height = SEGMENTS_PX / view.rowCount;
    const least = LEAST_PX / view.scale;
    let done = -1;
    for (const segment of view.between(view.from, view.until)) {
      const [start, end] = view.rangeOf(segment);
      const [x, next] = [view.x(start), view.x(end)];
      if (end - start >= least || next < done + 0.4) continue;
      done = next;
      brush.fillStyle = segment.edited ? this.colours.edited : this.colours.model;
      brush.fillRect(x, this.segments.top + view.rowOf(segment) * height + 1, Math.max(0.6, next - x - 0.5), height - 2);
    }
  }

  paintPeople(brush, view) {
    const { top, height } = this.people;
    brush.save();
    brush.beginPath();
    brush.rect(0, top, view.width, height);
    brush.clip();
    const first = Math.floor(view.scrolled / PERSON_PX);
    view.film.people.slice(first, first + MOST_PEOPLE + 1).forEach(({ ranges }, i) => {
      const y = top + (first + i) * PERSON_PX - view.scrolled;
      brush.fillStyle = this.colours.line;
      brush.fillRect(0, y + PERSON_PX - 0.5, view.width, 0.5);
      brush.fillStyle = `hsl(${(205 + (first + i) * 67) % 360} 52% 52%)`;
      this.inSight(ranges, view, (x, end) => {
        brush.beginPath();
        brush.roundRect(x, y + 3, Math.max(1.5, end - x), PERSON_PX - 6, 3);
        brush.fill();
      });
    });
    brush.restore();
  }

  paintSpeech(brush, view) {
    const { top, height } = this.speech;
    const { speech } = view.film;
    this.inSight(speech, view, (x, end, i) => {
      brush.fillStyle = this.colours.speech;
      brush.beginPath();
      brush.roundRect(x, top, Math.max(1, end - x - 1), height, 4);
      brush.fill();
      if (end - x < 34) return;
      brush.save();
      brush.clip();
      brush.fillStyle = this.colours.text;
      brush.fillText(speech[i][2].slice(0, LONGEST_WORDS), Math.max(0, x) + 5, top + height / 2 + 0.5);
      brush.restore();
    });
  }
}
