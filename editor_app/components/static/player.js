// Plays one moment of a video: stands at its first frame, repeats it, and gives way to the preview where it cannot.
const PLAY_EVENT = "vsearch:play";
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const INTO_FRAME = 0.0006; // times are rounded to 1 ms: step over the frame's edge

function clock(seconds) {
  const ms = Math.max(0, Math.floor(seconds * 1000 + 1e-6));
  const [m, s] = [Math.floor(ms / 60000), Math.floor(ms / 1000) % 60];
  const head = m >= 60 ? `${Math.floor(m / 60)}:${String(m % 60).padStart(2, "0")}` : `${m}`;
  return `${head}:${String(s).padStart(2, "0")}.${String(ms % 1000).padStart(3, "0")}`;
}

class Player {
  constructor(host) {
    this.root = host.querySelector(".player");
    this.screen = this.root.querySelector(".screen");
    this.bar = this.root.querySelector(".bar");
    this.now = this.root.querySelector(".now");
    this.strip = this.root.querySelector(".strip");
    this.about = this.root.querySelector(".about");
    this.speed = this.root.querySelector("select");
    this.spoken = this.root.querySelector(".transcript");
    this.lines = this.spoken.querySelector(".lines");
    this.spoken.open = !matchMedia("(max-width: 640px)").matches; // on a phone the results need the room
    this.transcript = null;
    this.subtitled = false;
    this.moment = null;
    this.pressed = null; // chosen here, not yet confirmed by the server
    this.looping = true;
    this.inside = true; // false once somebody moved out of the moment with the video's own controls
    for (const speed of SPEEDS) this.speed.append(new Option(`${speed}×`, speed, speed === 1, speed === 1));
    this.speed.addEventListener("change", () => this.video && (this.video.playbackRate = Number(this.speed.value)));
    this.root.querySelectorAll("[data-do]").forEach((button) => {
      button.addEventListener("click", () => this[button.dataset.do]());
    });
    this.root.querySelector(".link").addEventListener("click", () => this.copy());
    this.root.querySelector(".like").addEventListener("click", () => this.tell("liked", this.moment.segment));
    this.bar.addEventListener("pointerdown", (event) => this.drag(event));
    this.onPlay = ({ detail }) => {
      this.pressed = { id: detail.moment.id, query: this.query };
      this.show(detail.moment, true);
    };
    this.onKey = (event) => this.key(event);
    window.addEventListener(PLAY_EVENT, this.onPlay);
    document.addEventListener("keydown", this.onKey);
    this.tick = this.tick.bind(this);
    this.frame = requestAnimationFrame(this.tick);
  }

  close() {
    window.removeEventListener(PLAY_EVENT, this.onPlay);
    document.removeEventListener("keydown", this.onKey);
    cancelAnimationFrame(this.frame);
    if (this.video) this.video.pause();
    this.withoutTrack();
  }

  update({ moment, strip, transcript, query, lang, texts }, tell) {
    this.tell = tell;
    this.texts = texts;
    this.query = query;
    this.root.lang = lang;
    document.documentElement.lang = lang;
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
    const behind = this.pressed && this.pressed.query === query && moment?.id !== this.pressed.id;
    if (behind) return this.describe();
    this.pressed = null;
    this.write(transcript);
    this.show(moment, false);
  }

  name(selector, label) {
    const button = this.root.querySelector(selector);
    button.title = label;
    button.setAttribute("aria-label", label);
  }

  show(moment, play) {
    const same = moment && this.moment && moment.id === this.moment.id && moment.source === this.moment.source;
    this.moment = moment;
    this.describe();
    this.fitTranscript(same);
    if (same && !play) return this.screen.querySelector(".why") && moment.why ? this.stand(moment.why) : undefined;
    this.root.classList.toggle("empty", !moment);
    this.root.classList.toggle("still", !moment || !moment.source);
    if (!moment) return this.fill(make("p", "blank", this.texts.player_empty));
    if (!moment.source) return this.stand(moment.why);
    this.inside = true;
    if (this.video && this.video.dataset.source === moment.source) this.seek(moment.at);
    else this.load(moment);
    if (play) this.video.play().catch((error) => error.name === "NotSupportedError" && this.refused(this.video));
    else this.video.pause();
  }

  load(moment) {
    const video = make("video");
    video.dataset.source = moment.source;
    video.preload = "auto";
    video.playsInline = true;
    video.controls = true;
    video.setAttribute("controlslist", "nodownload noremoteplayback");
    video.title = moment.title;
    if (moment.still) video.poster = moment.still;
    video.playbackRate = Number(this.speed.value);
    video.defaultPlaybackRate = video.playbackRate;
    video.addEventListener("error", () => this.refused(video));
    video.addEventListener("loadedmetadata", () => {
      if (!video.videoWidth) this.refused(video); // sound alone: the picture's codec is unknown to this browser
      else if (video === this.video && this.inside) this.seek(this.moment.at);
    });
    for (const name of ["play", "pause"]) video.addEventListener(name, () => this.drawState());
    video.addEventListener("seeking", () => this.seeking());
    video.addEventListener("ended", () => this.inside && this.atEnd());
    this.fill(video);
    this.video = video;
    video.textTracks.addEventListener("change", () => this.trackChanged());
    this.withTrack();
    video.src = `${moment.source}#t=${moment.at}`;
  }

  fill(...elements) {
    if (this.video) {
      this.video.pause();
      this.video.removeAttribute("src");
      this.video.load();
    }
    this.video = null;
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
    const drawn = JSON.stringify(strip);
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
    this.tell("chosen", moment.id);
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

  lineItem({ start, time, label, language, parts }) {
    const item = make("li");
    const button = make("button", "line");
    button.type = "button";
    button.setAttribute("aria-label", label);
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
    this.root.classList.toggle("spoken", here);
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
    this.inside = time >= this.moment.start - 0.05 && time < this.moment.end;
    this.seek(time);
    this.video.play();
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
    const playing = Boolean(this.video && !this.video.paused);
    this.root.classList.toggle("playing", playing);
    if (this.texts) this.name('[data-do="toggle"]', playing ? this.texts.pause : this.texts.play);
    this.root.querySelector('[data-do="loop"]').setAttribute("aria-pressed", String(this.looping));
    this.root.querySelector('[data-do="subtitle"]').setAttribute("aria-pressed", String(this.subtitled));
  }

  tick() {
    this.frame = requestAnimationFrame(this.tick);
    const { video, moment } = this;
    if (!video || !moment || video.readyState < 1) return;
    const at = video.currentTime;
    if (this.inside && !video.seeking && !video.paused && at >= moment.end - 0.01) this.atEnd();
    const share = Math.min(1, Math.max(0, (at - moment.start) / (moment.end - moment.start)));
    this.bar.lastElementChild.style.width = `${share * 100}%`;
    this.bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
    if (!this.spoken.hidden) this.follow(at, false);
    const text = clock(at - moment.origin);
    if (this.now.dataset.text !== text) {
      this.now.dataset.text = text;
      this.now.replaceChildren(text, make("i", "", ` / ${moment.span}`));
    }
  }

  atEnd() {
    this.seek(this.looping ? this.moment.start : this.moment.end - this.moment.frame);
    if (this.looping) this.video.play();
    else this.video.pause();
  }

  seek(time) {
    this.target = time + INTO_FRAME;
    this.video.currentTime = this.target;
  }

  seeking() {
    const at = this.video.currentTime;
    const own = Math.abs(at - this.target) < 0.002;
    if (!own) this.inside = at >= this.moment.start - 0.05 && at < this.moment.end;
  }

  start() {
    if (!this.video) return;
    this.inside = true;
    this.seek(this.moment.start);
  }

  toggle() {
    if (!this.video) return;
    const { video, moment } = this;
    if (!video.paused) return video.pause();
    if (this.inside && video.currentTime >= moment.end - 2 * moment.frame) this.seek(moment.start);
    video.play();
  }

  step(frames) {
    if (!this.video) return;
    this.video.pause();
    const { start, frame } = this.moment;
    const index = Math.floor((this.video.currentTime - start) / frame + 0.001) + frames;
    const time = Math.max(0, start + index * frame);
    this.inside = time >= start && time < this.moment.end;
    this.seek(time);
  }

  back() {
    this.step(-1);
  }

  forward() {
    this.step(1);
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
      this.seek(this.moment.start + share * (this.moment.end - this.moment.start));
    };
    this.bar.setPointerCapture(event.pointerId);
    this.bar.addEventListener("pointermove", move);
    this.bar.addEventListener("lostpointercapture", () => this.bar.removeEventListener("pointermove", move), { once: true });
    move(event);
  }

  key(event) {
    const at = event.composedPath()[0];
    const typing = at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
    if (!this.video || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const onBar = at === this.bar;
    const actions = { ",": () => this.back(), ".": () => this.forward(), Home: () => this.start() };
    if (onBar) Object.assign(actions, { ArrowLeft: actions[","], ArrowRight: actions["."] });
    if (at.tagName !== "BUTTON" && at !== this.video) actions[" "] = () => this.toggle();
    const action = actions[event.key];
    if (!action || (event.key === "Home" && !onBar && at.tagName !== "BODY")) return;
    event.preventDefault();
    action();
  }

  async copy() {
    const link = new URL(location.href);
    link.pathname = link.pathname.replace(/\/(search)?$/, "/");
    link.searchParams.set("moment", this.moment.segment);
    link.searchParams.set("lang", this.root.lang);
    if (!navigator.clipboard) return window.prompt(this.texts.copy_link, link.href); // plain http from elsewhere
    await navigator.clipboard.writeText(link.href);
    const button = this.root.querySelector(".link");
    button.textContent = this.texts.copied;
    setTimeout(() => (button.textContent = this.texts.copy_link), 1500);
  }
}

const players = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  if (!players.has(parentElement)) players.set(parentElement, new Player(parentElement));
  players.get(parentElement).update(data, setTriggerValue);
  return () => {
    players.get(parentElement)?.close();
    players.delete(parentElement);
  };
}
