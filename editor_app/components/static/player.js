// Plays one moment of a video: stands at its first frame, repeats it, and gives way to the preview where it cannot.
const PLAY_EVENT = "vsearch:play";
const PLAYING_EVENT = "vsearch:playing";
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const FORWARDS = [1, 2, 4, 8];
const BACKWARDS = [1, 2, 4];
const INTO_FRAME = 0.0006; // times are rounded to 1 ms: step over the frame's edge
const NEAR = 0.0015; // times that are no further apart are of one frame
const JUST_BEFORE = NEAR + INTO_FRAME; // so far before a frame the one before it is shown
const MOST_TRIES = 12;
const LONGEST_FRAME = 1; // a picture that began longer ago is not believed to be the one at this place
const DOUBT_MS = 50; // a picture that is told late is followed by the right one by then
const PICTURE_MS = 150; // a frame that was sought is drawn by then, or the browser does not tell
const NEW_ADDRESS_MS = 8000;

function clock(seconds) {
  const ms = Math.max(0, Math.floor(seconds * 1000 + 1e-6));
  const [m, s] = [Math.floor(ms / 60000), Math.floor(ms / 1000) % 60];
  const head = m >= 60 ? `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}` : `${m}`;
  return `${head}:${String(s).padStart(2, "0")}.${String(ms % 1000).padStart(3, "0")}`;
}

// Addresses are signed and written anew: one file is one path.
const path = (address) => (address || "").split("?")[0];
const onPaths = (value) => JSON.stringify(value, (_, it) => (typeof it === "string" && it.startsWith("/") ? path(it) : it));

class Player {
  // hear: `chosen(id)`, `liked(id)`, `shown(moment, outside)`, `moved()`, `expired()`, told of what happens here.
  constructor(host, hear) {
    this.hear = hear;
    this.room = host.querySelector(".room");
    this.root = host.querySelector(".player");
    this.screen = this.root.querySelector(".screen");
    this.bar = this.root.querySelector(".bar");
    this.now = this.root.querySelector(".now");
    this.strip = this.root.querySelector(".strip");
    this.about = this.root.querySelector(".about");
    this.speed = this.root.querySelector("select");
    this.pace = this.root.querySelector(".shuttle");
    this.spoken = host.querySelector(".transcript");
    this.lines = this.spoken.querySelector(".lines");
    this.spoken.open = !matchMedia("(max-width: 640px)").matches; // on a phone the results need the room
    this.transcript = null;
    this.subtitled = false;
    this.moment = null;
    this.pressed = null; // chosen here, not yet confirmed by the server
    this.looping = true;
    this.inside = true; // false once somebody moved out of the moment
    this.until = null; // where playing ends, of a range that was asked for
    this.shuttle = 0; // how many times as fast, below zero backwards; 0 where nobody shuttles
    this.owed = 0; // frames still to step
    this.errand = 0; // counts the places that were gone to: stepping gives way to the next one
    this.elsewhere = null; // the place in a video that cannot be played, in ms of its own clock
    this.next = null; // where to go once the picture that is sought is there
    this.film = null;
    for (const speed of SPEEDS) this.speed.append(new Option(`${speed}×`, speed, speed === 1, speed === 1));
    this.speed.addEventListener("change", () => this.setRate());
    this.root.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("click", () => this[button.dataset.do]());
    });
    this.root.querySelector(".link").addEventListener("click", () => this.copy());
    this.root.querySelector(".like").addEventListener("click", () => this.hear.liked(this.moment.segment));
    this.bar.addEventListener("pointerdown", (event) => this.drag(event));
    this.onPlay = (event) => {
      const { detail } = event;
      event.preventDefault();
      this.asked = true;
      this.pressed = { id: detail.moment.id, query: this.query };
      this.show(detail.moment, true);
    };
    window.addEventListener(PLAY_EVENT, this.onPlay);
    this.tick = this.tick.bind(this);
    this.frame = requestAnimationFrame(this.tick);
  }

  close() {
    window.removeEventListener(PLAY_EVENT, this.onPlay);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.expiring);
    if (this.video) this.video.pause();
    this.withoutTrack();
  }

  // quiet: what is shown is another because of an edit; the player stays where it is.
  update({ moment, strip, transcript, query, lang, texts, film }, quiet) {
    this.film = film;
    this.texts = texts;
    this.query = query;
    this.room.lang = lang;
    this.root.setAttribute("aria-label", texts.player_label);
    this.bar.setAttribute("aria-label", texts.range_label);
    this.root.querySelector(".rate .hidden").textContent = texts.speed;
    this.spoken.firstElementChild.textContent = texts.transcript;
    this.name('[data-do="subtitle"]', texts.subtitles);
    const names = { start: texts.from_start, back: texts.frame_back, forward: texts.frame_forward, loop: texts.loop };
    for (const [name, label] of Object.entries(names)) this.name(`[data-do="${name}"]`, label);
    this.root.querySelector(".link").textContent = texts.copy_link;
    this.root.querySelector(".like").textContent = texts.similar_short;
    this.name(".like", texts.similar);
    this.drawState();
    this.drawStrip(strip);
    const behind = moment && this.pressed && this.pressed.query === query && moment.id !== this.pressed.id;
    if (behind) return this.describe();
    this.pressed = null;
    this.write(transcript);
    if (quiet && moment && this.video?.dataset.source === path(moment.source)) this.stay(moment);
    else this.show(moment, false);
  }

  name(selector, label) {
    const button = this.root.querySelector(selector);
    button.title = label;
    button.setAttribute("aria-label", label);
  }

  show(moment, play) {
    const before = this.moment;
    const same = moment && before && moment.id === before.id && path(moment.source) === path(before.source);
    const anew = same && this.refusedAddress && moment.source !== this.refusedAddress;
    this.moment = moment;
    if (!same) this.elsewhere = moment && this.msOf(moment.at);
    this.describe();
    this.fitTranscript(same);
    if (same) this.renew();
    if (same && !play && !anew) {
      this.hear.shown(moment, false);
      return this.screen.querySelector(".why") && moment.why ? this.stand(moment.why) : undefined;
    }
    this.again = anew; // the last try
    this.refusedAddress = null;
    this.root.classList.toggle("empty", !moment);
    this.root.classList.toggle("still", !moment || !moment.source);
    this.hear.shown(moment, true);
    if (!moment) return this.fill(make("p", "blank", this.texts.player_empty));
    if (!moment.source) return this.stand(moment.why);
    this.halt();
    this.until = null;
    this.inside = true;
    if (this.video && this.video.dataset.source === path(moment.source)) this.seek(moment.at);
    else this.load(moment);
    if (play || (anew && this.wanted)) this.run();
    else this.video.pause();
  }

  stay(moment) {
    this.moment = moment;
    this.inside = this.within(this.video.currentTime);
    this.describe();
    this.hear.shown(moment, false);
  }

  // A segment of the same video is chosen on the timeline: it is repeated from now on, nothing starts anew.
  choose(moment, at) {
    this.pressed = { id: moment.id, query: this.query };
    this.moment = moment;
    this.describe();
    this.hear.shown(moment, false);
    this.inside = true;
    this.seek(at);
  }

  // The edges of the moment moved.
  retime(start, end) {
    Object.assign(this.moment, { start, end, at: start, best: end });
    this.drawBest();
  }

  load(moment) {
    const video = make("video");
    video.dataset.source = path(moment.source);
    video.dataset.address = moment.source;
    video.preload = "auto";
    video.playsInline = true;
    video.controls = true;
    video.setAttribute("controlslist", "nodownload noremoteplayback");
    video.title = moment.title;
    if (moment.still) video.poster = moment.still;
    video.addEventListener("error", () => this.failed(video));
    video.addEventListener("loadedmetadata", () => this.loaded(video));
    for (const name of ["play", "pause"]) video.addEventListener(name, () => this.drawState());
    video.addEventListener("seeking", () => this.seeking());
    video.addEventListener("seeked", () => this.sought());
    video.addEventListener("ended", () => video === this.video && (this.inside ? this.atEnd() : this.halt()));
    this.fill(video);
    this.video = video;
    this.owed = 0;
    this.setRate();
    video.textTracks.addEventListener("change", () => this.trackChanged());
    this.withTrack();
    this.watch(video);
    this.target = moment.at + INTO_FRAME;
    video.src = `${moment.source}#t=${this.target}`;
  }

  loaded(video) {
    if (video !== this.video) return;
    if (!video.videoWidth) return this.refused(video); // sound alone: the picture's codec is unknown to this browser
    video.dataset.loaded = "";
    const { owed } = this;
    this.owed = 0;
    if (this.resume) this.seek(this.resume.at);
    else if (Math.abs(video.currentTime - this.target) > 0.0001) this.seek(this.target - INTO_FRAME);
    if (this.resume?.playing) this.run();
    this.resume = null;
    if (owed) this.step(owed);
  }

  run() {
    const { video } = this;
    this.errand += 1;
    video.play().catch((error) => error.name === "NotSupportedError" && this.failed(video));
  }

  // An address that was given hours ago is answered no more: the newest one is taken once, or asked for.
  failed(video) {
    if (video !== this.video) return;
    const { address, loaded } = video.dataset;
    this.resume ??= loaded === undefined ? null : { at: this.last, playing: !video.paused };
    if (address !== this.moment.source) return this.reload();
    if (this.expiring) return;
    if (loaded === undefined) return this.refused(video);
    this.expiring = setTimeout(() => this.refused(video), NEW_ADDRESS_MS);
    this.hear.expired();
  }

  renew() {
    if (this.expiring && this.moment.source !== this.video.dataset.address) this.reload();
  }

  reload() {
    clearTimeout(this.expiring);
    this.expiring = null;
    const { video, moment } = this;
    delete video.dataset.loaded;
    video.dataset.address = moment.source;
    video.src = `${moment.source}#t=${this.resume?.at ?? moment.at}`;
  }

  // Frames as they are shown, where the browser tells: exact also where frames come at no fixed rate.
  watch(video) {
    this.pictured = false;
    this.picture = null;
    if (!video.requestVideoFrameCallback) return;
    const told = (_, { mediaTime }) => {
      if (video !== this.video) return;
      this.picture = mediaTime;
      this.drawn = true;
      if (!video.seeking) this.arrive();
      if (this.asked && !video.seeking && !video.paused) this.plays();
      video.requestVideoFrameCallback(told);
    };
    video.requestVideoFrameCallback(told);
  }

  // The first picture of a moment that was pressed elsewhere is on screen.
  plays() {
    this.asked = false;
    window.dispatchEvent(new Event(PLAYING_EVENT));
  }

  // A picture is told, perhaps before the place is. It may still be one of before, which is told late.
  arrive() {
    clearTimeout(this.doubt);
    if (!this.video.paused || this.fits()) this.settle();
    else this.doubt = setTimeout(() => this.video && !this.video.seeking && this.settle(), DOUBT_MS);
  }

  // Whether the picture that was told is the one that has to be here, if frames come as they usually do.
  fits() {
    const since = this.video.currentTime - this.picture;
    return this.picture !== this.pictureBefore && since > -NEAR && since < this.moment.frame + NEAR;
  }

  settle() {
    this.pictured = true;
    this.onPicture?.();
  }

  // When the frame that is shown begins, on the element's clock, in seconds.
  get time() {
    const at = this.video.currentTime;
    const since = at - this.picture;
    const early = this.video.paused ? NEAR : LONGEST_FRAME; // a frame that plays may be told ahead of its time
    if (this.pictured && since > -early && since < LONGEST_FRAME) return this.picture;
    return Math.abs(at - this.target) < 0.0002 ? at - INTO_FRAME : at;
  }

  // Where the player stands on the video's own clock, in whole ms.
  get ms() {
    return this.video && this.video.readyState >= 1 ? Math.max(0, this.msOf(this.time)) : this.elsewhere ?? 0;
  }

  // The same without waiting for frames: it moves evenly while playing.
  get flowing() {
    const { video } = this;
    return video && !video.paused && !video.seeking ? (video.currentTime - this.moment.origin) * 1000 : this.ms;
  }

  get playing() {
    return Boolean(this.video && (!this.video.paused || this.shuttle < 0));
  }

  get frameMs() {
    return this.moment ? this.moment.frame * 1000 : 40;
  }

  get lengthMs() {
    return this.film && this.film.video === this.moment?.video ? this.film.duration : Infinity;
  }

  msOf(time) {
    return Math.round((time - this.moment.origin) * 1000);
  }

  timeOf(ms) {
    return ms / 1000 + this.moment.origin;
  }

  within(time) {
    return time >= this.moment.start - 0.05 && time < this.moment.end;
  }

  // Goes to a time of the video's own clock; playing goes on.
  seekMs(ms) {
    if (!this.moment) return;
    this.next = null;
    this.elsewhere = Math.max(0, Math.min(Math.round(ms), this.lengthMs));
    if (!this.video) return this.hear.moved();
    const time = this.before(this.timeOf(ms));
    this.until = null;
    this.inside = this.within(time);
    this.seek(time);
  }

  // The same as fast as pictures can be drawn: while something is dragged, the last place counts.
  scrub(ms) {
    if (this.video?.seeking) this.next = ms;
    else this.seekMs(ms);
  }

  sought() {
    if (this.video?.seeking !== false) return; // told of a seek before this one
    if (this.next !== null) this.seekMs(this.next);
    else if (this.drawn) this.arrive();
  }

  playMs(start, end) {
    if (!this.video) return;
    this.halt();
    this.seekMs(start);
    this.until = end === undefined ? null : this.timeOf(end);
    this.run();
  }

  fill(...elements) {
    if (this.video) {
      this.video.pause();
      this.video.removeAttribute("src");
      this.video.load();
    }
    this.video = null;
    this.shuttle = 0;
    this.owed = 0;
    this.next = null;
    this.onPicture?.();
    this.resume = null;
    clearTimeout(this.expiring);
    this.expiring = null;
    this.withoutTrack();
    this.screen.replaceChildren(...elements);
    this.drawState();
  }

  stand(why) {
    const image = this.moment && movingPicture(this.moment);
    this.fill(...(image ? [image, make("p", "why", why)] : [make("p", "blank", why)]));
  }

  refused(video) {
    if (video !== this.video) return;
    if (!this.again) this.refusedAddress = video.dataset.address;
    this.wanted = this.resume ? this.resume.playing : !video.paused;
    this.root.classList.add("still");
    this.stand(this.texts.why_browser);
  }

  describe() {
    this.about.replaceChildren();
    for (const name of [".like", ".link"]) this.root.querySelector(name).hidden = !this.moment || this.moment.segment === null;
    if (!this.moment) return;
    this.drawBest();
    this.markStrip();
    const head = make("div", "head");
    const title = make("span", "title", this.moment.title);
    title.title = this.moment.title;
    head.append(title, make("span", "time", this.moment.span), make("span", "time", this.moment.seconds));
    this.about.append(head, captionLines(this.moment, this.texts.no_caption), chips(this.moment, this.texts));
    if (this.moment.speech.length) this.about.append(withMarks(make("p", "speech"), this.moment.speech));
  }

  drawBest() {
    const { start, end, at, best, segments } = this.moment;
    const mark = this.bar.querySelector(".best");
    mark.hidden = !segments;
    mark.title = this.texts.best_part;
    mark.style.left = `${((at - start) / (end - start)) * 100}%`;
    mark.style.width = `${((best - at) / (end - start)) * 100}%`;
  }

  drawStrip(strip) {
    this.strip.setAttribute("aria-label", this.texts.strip);
    const drawn = onPaths(strip);
    if (drawn === this.stripDrawn) return;
    this.stripDrawn = drawn;
    this.strip.replaceChildren(
      ...strip.map((moment) => {
        const item = make("li");
        const button = make("button", "frame");
        button.type = "button";
        button.dataset.id = moment.id;
        button.title = moment.captions[0]?.text || moment.label;
        button.setAttribute("aria-label", moment.label);
        const image = moment.still || moment.preview;
        const box = thumbnail(image && picture(image, ""));
        box.append(make("span", "time", moment.clock));
        button.append(box);
        button.addEventListener("click", () => this.go(moment));
        item.append(button);
        return item;
      }),
    );
    this.markStrip();
  }

  markStrip() {
    this.strip.hidden = true;
    for (const button of this.strip.querySelectorAll(".frame")) {
      const here = Number(button.dataset.id) === this.moment?.id;
      if (here) this.strip.hidden = false;
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  go(moment) {
    this.pressed = { id: moment.id, query: this.query };
    this.show(moment, true);
    this.hear.chosen(moment.id);
  }

  // what is said

  write(transcript) {
    const drawn = JSON.stringify(transcript);
    if (drawn === this.written) return;
    this.written = drawn;
    this.transcript = transcript;
    this.line = null;
    this.lines.replaceChildren(...(transcript ? transcript.lines : []).map((line) => this.lineItem(line)));
    if (this.video) this.withTrack();
  }

  lineItem({ start, time, language, parts }) {
    const item = make("li");
    const button = make("button", "line");
    button.type = "button";
    const said = make("span", "said");
    said.lang = language;
    button.append(make("span", "time", time), withMarks(said, parts));
    button.addEventListener("click", () => this.jump(start));
    item.append(button);
    return item;
  }

  fitTranscript(same) {
    const here = Boolean(this.moment && this.transcript && this.transcript.video === this.moment.video);
    this.spoken.hidden = !here;
    this.room.classList.toggle("spoken", here);
    this.root.querySelector('[data-do="subtitle"]').hidden = !here;
    for (const button of this.lines.querySelectorAll(".line")) button.disabled = !this.moment?.source;
    const at = same && this.video ? this.video.currentTime : this.moment?.at;
    if (here) this.follow(at, !same || this.line === null);
  }

  follow(at, always) {
    const { lines } = this.transcript;
    let index = lines.findLastIndex((line) => line.start <= at + INTO_FRAME);
    if (index >= 0 && at >= lines[index].end) index = -1;
    if (index === this.line && !always) return;
    this.line = index;
    this.lines.querySelector('[aria-current="true"]')?.removeAttribute("aria-current");
    const next = index >= 0 ? index : lines.findIndex((line) => line.end > at);
    const button = this.lines.children[next]?.firstElementChild;
    if (index >= 0) button.setAttribute("aria-current", "true");
    const along = index >= 0 && !this.lines.matches(":hover"); // nothing moves away under a pointer
    if (button && (always || along)) this.lines.scrollTop = Math.max(0, button.offsetTop - this.lines.clientHeight / 3);
  }

  jump(time) {
    if (!this.video) return;
    this.halt();
    this.until = null;
    this.inside = this.within(time);
    this.seek(time);
    this.run();
  }

  withTrack() {
    this.withoutTrack();
    if (!this.transcript || this.transcript.video !== this.moment?.video) return;
    this.trackFile = URL.createObjectURL(new Blob([this.transcript.vtt], { type: "text/vtt" }));
    const track = make("track");
    track.kind = "subtitles";
    track.label = this.texts.subtitles;
    track.srclang = this.transcript.language;
    track.src = this.trackFile;
    this.video.append(track);
    track.track.mode = this.subtitled ? "showing" : "hidden"; // a hidden track has its cues ready
  }

  withoutTrack() {
    this.video?.querySelector("track")?.remove();
    if (this.trackFile) URL.revokeObjectURL(this.trackFile);
    this.trackFile = null;
  }

  trackChanged() {
    const track = this.video?.querySelector("track")?.track;
    if (track) this.subtitled = track.mode === "showing"; // the video's own controls have a switch as well
    this.drawState();
  }

  subtitle() {
    this.subtitled = !this.subtitled;
    const track = this.video?.querySelector("track")?.track;
    if (track) track.mode = this.subtitled ? "showing" : "hidden";
    this.drawState();
  }

  drawState() {
    const { playing } = this;
    this.pace.hidden = !this.shuttle || this.shuttle === 1;
    this.pace.textContent = this.shuttle < 0 ? `◀ ${-this.shuttle}×` : `▶ ${this.shuttle}×`;
    this.root.classList.toggle("playing", playing);
    if (this.texts) this.name('[data-do="toggle"]', playing ? this.texts.pause : this.texts.play);
    this.root.querySelector('[data-do="loop"]').setAttribute("aria-pressed", String(this.looping));
    this.root.querySelector('[data-do="subtitle"]').setAttribute("aria-pressed", String(this.subtitled));
  }

  tick(now) {
    this.frame = requestAnimationFrame(this.tick);
    const { video, moment } = this;
    if (!video || !moment || video.readyState < 1) return;
    if (this.shuttle < 0) this.reverse(now);
    const at = video.currentTime;
    if (!video.error && !video.seeking) this.last = at;
    const end = this.until ?? (this.inside ? moment.end : Infinity);
    if (!video.seeking && !video.paused && at >= end - 0.01) this.atEnd();
    const share = Math.min(1, Math.max(0, (at - moment.start) / (moment.end - moment.start)));
    this.bar.lastElementChild.style.width = `${share * 100}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    if (!this.spoken.hidden) this.follow(at, false);
    const text = clock((video.paused ? this.ms : this.flowing) / 1000);
    if (this.now.dataset.text !== text) {
      this.now.dataset.text = text;
      this.now.replaceChildren(text, make("i", "", ` / ${moment.span}`));
    }
    this.hear.moved();
  }

  setRate() {
    if (!this.video) return;
    const rate = this.shuttle > 0 ? this.shuttle : Number(this.speed.value);
    this.video.defaultPlaybackRate = rate;
    this.video.playbackRate = rate;
    this.drawState();
  }

  atEnd() {
    if (this.shuttle) this.halt();
    if (this.until !== null) {
      this.video.pause();
      this.seek(this.until - this.moment.frame);
      this.until = null;
      return;
    }
    this.seek(this.looping ? this.moment.start : this.moment.end - this.moment.frame);
    if (this.looping) this.run();
    else this.video.pause();
  }

  seek(time) {
    this.errand += 1;
    this.owed = 0;
    this.put(time);
  }

  put(time) {
    if (!this.video) return;
    clearTimeout(this.doubt);
    this.pictureBefore = this.picture;
    this.pictured = false;
    this.drawn = false;
    this.last = time;
    this.target = time + INTO_FRAME;
    this.video.currentTime = this.target;
  }

  seeking() {
    if (!this.video) return;
    const at = this.video.currentTime;
    const own = Math.abs(at - this.target) < 0.002;
    if (own) return;
    this.errand += 1;
    this.owed = 0; // steps were meant from where it stood before
    this.pictured = false;
    this.drawn = false;
    this.until = null; // somebody used the video's own controls
    this.inside = this.within(at);
  }

  start() {
    if (!this.video) return;
    this.inside = true;
    this.until = null;
    this.seek(this.moment.start);
  }

  end() {
    if (!this.video) return;
    this.halt();
    this.inside = true;
    this.seek(this.moment.end - this.moment.frame);
  }

  toggle() {
    if (!this.video) return;
    const { video, moment } = this;
    if (this.shuttle < 0) return this.halt();
    if (!video.paused) {
      this.halt();
      return video.pause();
    }
    if (this.inside && video.currentTime >= moment.end - 2 * moment.frame) this.seek(moment.start);
    this.run();
  }

  // One frame or several on. Frames that were asked for while one is still being sought, or the video still fetched,
  // are made up for at once.
  async step(frames) {
    if (!this.video) return;
    this.halt();
    this.video.pause();
    this.until = null;
    this.owed += frames;
    if (this.walking || this.video.readyState < 1) return;
    this.walking = true;
    while (this.owed && this.video) {
      const count = this.owed;
      const { errand } = this;
      this.owed = 0;
      await (Math.abs(count) === 1 ? this.stepOne(count, () => this.errand !== errand) : this.reach(this.onGrid(count)));
      if (this.video && this.errand === errand) this.inside = this.within(this.time);
    }
    this.walking = false;
  }

  onGrid(frames) {
    const { start, frame } = this.moment;
    const index = Math.floor((this.time - start) / frame + 0.05) + frames;
    return this.before(start + index * frame);
  }

  before(time) {
    const last = (this.video.duration || Infinity) - this.moment.frame / 2;
    return Math.max(0, Math.min(time, last));
  }

  // The very next frame, whenever it comes: what is shown where it should be says whether it is there. Frames that
  // come at no fixed rate are searched for, as pictures follow one another in the order of the places sought; unless
  // somebody goes elsewhere meanwhile.
  async stepOne(way, left) {
    const here = this.time;
    if (!this.pictured) return this.reach(this.onGrid(way));
    const beyond = (time) => (way > 0 ? time > here + NEAR : time < here - NEAR);
    let near = here;
    let far = null;
    let there = here;
    for (let ahead = this.moment.frame; !beyond(there); ahead *= 2) {
      const time = this.before(here + way * ahead);
      if (time === far) return this.reach(here); // it is the last frame, or the first
      near = far ?? here;
      far = time;
      there = await this.reach(far);
      if (!this.pictured || left()) return;
      if (near === here && Math.abs(there - far) < NEAR) return;
    }
    const beside = way > 0 ? there - JUST_BEFORE : here - JUST_BEFORE;
    const found = await this.reach(beside);
    if (left()) return;
    if (beyond(found) === way < 0) return this.reach(way > 0 ? there : found);
    for (let tries = 0; tries < MOST_TRIES && Math.abs(far - near) > 2 * NEAR; tries += 1) {
      const middle = (near + far) / 2;
      const shown = await this.reach(middle);
      if (left()) return;
      if (beyond(shown)) [far, there] = [middle, shown];
      else near = middle;
    }
    return this.reach(there);
  }

  // Seeks, and waits for the picture; the time of the frame that is shown then.
  reach(time) {
    const { video } = this;
    return new Promise((done) => {
      const finish = () => {
        clearTimeout(timer);
        this.onPicture = null;
        video.removeEventListener("seeked", sought);
        done(video === this.video ? this.time : time);
      };
      const sought = () => {
        if (video.seeking) return;
        if (this.pictured || !video.requestVideoFrameCallback) return finish();
        clearTimeout(timer);
        timer = setTimeout(finish, PICTURE_MS);
      };
      let timer = setTimeout(finish, 4000);
      video.addEventListener("seeked", sought);
      this.onPicture = finish;
      this.put(time);
    });
  }

  back() {
    this.step(-1);
  }

  forward() {
    this.step(1);
  }

  seconds(count) {
    if (this.moment) this.seekMs(this.ms + count * 1000);
  }

  // J, K and L. Backwards the pictures are sought one after another, without sound.
  speedUp(way) {
    if (!this.video) return;
    const speeds = way > 0 ? FORWARDS : BACKWARDS;
    const now = this.shuttle * way > 0 ? speeds.indexOf(Math.abs(this.shuttle)) : -1;
    const going = way > 0 && !this.shuttle && !this.video.paused ? 0 : now; // it plays already: faster
    this.shuttle = way * speeds[Math.min(going + 1, speeds.length - 1)];
    this.inside = false;
    this.until = null;
    this.reversed = null;
    this.setRate();
    if (way > 0) this.run();
    else this.video.pause();
    this.hear.shuttled(this.shuttle);
  }

  reverse(now) {
    const { video } = this;
    if (video.seeking) return;
    this.reversed ??= { now, time: video.currentTime };
    const time = this.reversed.time + ((now - this.reversed.now) / 1000) * this.shuttle;
    if (time <= 0) this.halt();
    if (video.currentTime - time >= this.moment.frame / 2 || time <= 0) this.seek(Math.max(0, time));
  }

  halt() {
    if (!this.shuttle) return;
    this.shuttle = 0;
    if (this.video) this.inside = this.within(this.video.currentTime);
    this.setRate();
  }

  stop() {
    if (!this.video) return;
    this.halt();
    this.video.pause();
    this.hear.shuttled(0);
  }

  loop() {
    this.looping = !this.looping;
    this.drawState();
  }

  drag(event) {
    if (!this.video) return;
    const { left, width } = this.bar.getBoundingClientRect();
    const move = ({ clientX }) => {
      const share = Math.min(0.999, Math.max(0, (clientX - left) / width));
      this.inside = true;
      this.until = null;
      this.seek(this.moment.start + share * (this.moment.end - this.moment.start));
    };
    this.bar.setPointerCapture(event.pointerId);
    this.bar.addEventListener("pointermove", move);
    this.bar.addEventListener("lostpointercapture", () => this.bar.removeEventListener("pointermove", move), { once: true });
    move(event);
  }

  async copy() {
    const link = new URL(location.href);
    link.pathname = link.pathname.replace(/\/(search)?$/, "/");
    link.searchParams.set("moment", this.moment.segment);
    link.searchParams.set("lang", this.room.lang);
    if (!navigator.clipboard) return window.prompt(this.texts.copy_link, link.href); // plain http from elsewhere
    await navigator.clipboard.writeText(link.href);
    const button = this.root.querySelector(".link");
    button.textContent = this.texts.copied;
    setTimeout(() => (button.textContent = this.texts.copy_link), 1500);
  }
}
