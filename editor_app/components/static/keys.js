// Keys as editors know them. They never act while somebody types, and letters are where they are on any layout:
// a Korean keyboard sends Hangul for them.
const TYPED = /^(checkbox|radio|button|submit|reset|file|image|color|range)$/;
const WITH_KEYS = "[role=slider],[role=listbox],[role=tab],[role=radio],[role=radiogroup],[role=tree],[role=grid],[role=menubar]";
const LAYERS = "dialog,[role=dialog],[role=alertdialog],[role=menu],[popover],[data-testid=stPopoverBody]";
const MOVES = /^(Arrow|Home|End|Page)/;

function typesInto(element) {
  if (element.isContentEditable || /^(TEXTAREA|SELECT)$/.test(element.tagName)) return true;
  if (element.tagName === "INPUT") return !TYPED.test(element.type);
  return /^(textbox|searchbox|combobox|spinbutton)$/.test(element.getAttribute?.("role") || "");
}

function letterOf({ key, code }) {
  if (/^[a-z]$/i.test(key)) return key.toLowerCase();
  return /^Key[A-Z]$/.test(code) && key.length === 1 ? code[3].toLowerCase() : null;
}

// `shift+i`, `ctrl+z`, `ArrowLeft`, `?`
function combination(event) {
  const letter = letterOf(event);
  const brackets = { BracketLeft: "[", BracketRight: "]" }[event.code];
  const plain = letter || (/^[[\]]$/.test(event.key) ? event.key : !event.shiftKey && brackets) || event.key;
  const shifted = event.shiftKey && (letter || plain.length > 1);
  return `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${shifted ? "shift+" : ""}${plain}`;
}

class Keys {
  constructor(room) {
    this.room = room;
    this.held = false; // K is
    const { player, help } = room;
    const once = (call) => (event) => event.repeat || call();
    const edit = (tool) => once(() => room.editable && room.do(tool));
    this.actions = {
      " ": once(() => player.toggle()),
      k: once(() => player.stop()),
      j: (event) => this.shuttle(-1, event),
      l: (event) => this.shuttle(1, event),
      ",": () => player.back(),
      ".": () => player.forward(),
      ArrowLeft: () => player.back(),
      ArrowRight: () => player.forward(),
      "shift+ArrowLeft": () => player.seconds(-1),
      "shift+ArrowRight": () => player.seconds(1),
      ArrowUp: () => room.cut(-1),
      ArrowDown: () => room.cut(1),
      Home: () => player.start(),
      End: () => player.end(),
      i: once(() => room.do("in")),
      o: once(() => room.do("out")),
      "shift+i": () => room.goMark("in"),
      "shift+o": () => room.goMark("out"),
      x: once(() => room.clearMarks()),
      s: edit("split"),
      m: edit("merge"),
      n: edit("create"),
      Delete: edit("delete"),
      Backspace: edit("delete"),
      "[": once(() => room.editable && room.edge("start")),
      "]": once(() => room.editable && room.edge("end")),
      "ctrl+z": edit("undo"),
      "ctrl+shift+z": edit("redo"),
      "ctrl+y": edit("redo"),
      "+": () => room.do("zoom_in"),
      "=": () => room.do("zoom_in"),
      "-": () => room.do("zoom_out"),
      0: once(() => room.do("fit")),
      "/": () => document.querySelector(".st-key-q input")?.focus(),
      "?": once(() => help.toggle()),
      Escape: () => room.escape(),
    };
    this.down = (event) => this.press(event);
    this.up = (event) => letterOf(event) === "k" && (this.held = false);
    this.away = () => (this.held = false);
    document.addEventListener("keydown", this.down);
    document.addEventListener("keyup", this.up);
    window.addEventListener("blur", this.away);
  }

  close() {
    document.removeEventListener("keydown", this.down);
    document.removeEventListener("keyup", this.up);
    window.removeEventListener("blur", this.away);
  }

  shuttle(way, event) {
    if (this.held) this.room.player.step(way);
    else if (!event.repeat) this.room.player.speedUp(way);
  }

  press(event) {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const path = event.composedPath().filter((node) => node instanceof Element);
    const [at] = path;
    if (!at || typesInto(at) || path.some((element) => element.matches("[role=combobox],[role=textbox]"))) return;
    const name = combination(event);
    if (this.room.help.open) {
      if (name !== "?") return;
    } else if (path.some((element) => element.matches(LAYERS))) return;
    const inRoom = path.includes(this.room.root);
    if (MOVES.test(name.replace("shift+", "")) && !inRoom && path.some((element) => element.matches(WITH_KEYS))) return;
    if (name === " " && (/^(BUTTON|A|SUMMARY|INPUT)$/.test(at.tagName) || at === this.room.player.video)) return; // they have a use for it
    const action = this.actions[name];
    if (!action || !this.room.listens(name)) return;
    if (name === "k") this.held = true;
    event.preventDefault();
    action(event);
  }
}
