// The sheet that lists all keys and gestures, and what keys are called on this machine.
const TOOL_KEYS = {
  in: ["I"],
  out: ["O"],
  create: ["N"],
  split: ["S"],
  merge: ["M"],
  delete: ["Delete"],
  undo: ["Ctrl", "Z"],
  redo: ["Ctrl", "Shift", "Z"],
  zoom_out: ["−"],
  zoom_in: ["+"],
  fit: ["0"],
};

const HELP = [
  ["help_playing", [
    [[["Space"]], "help_play"],
    [[["J"], ["K"], ["L"]], "help_shuttle"],
    [[["K", "J"], ["K", "L"]], "help_slow"],
    [[["←"], ["→"]], "help_frame"],
    [[["Shift", "←"], ["Shift", "→"]], "help_second"],
    [[["↑"], ["↓"]], "help_cut"],
    [[["Home"], ["End"]], "help_ends"],
  ]],
  ["help_points", [
    [[["I"], ["O"]], "help_in_out"],
    [[["Shift", "I"], ["Shift", "O"]], "help_go_in_out"],
    [[["X"]], "help_clear"],
  ]],
  ["help_editing", [
    [[["S"]], "help_split"],
    [[["M"]], "help_merge"],
    [[["N"]], "help_create"],
    [[["["], ["]"]], "help_edges"],
    [[["Delete"]], "help_delete"],
    [[["Ctrl", "Z"]], "help_undo"],
    [[["Ctrl", "Shift", "Z"], ["Ctrl", "Y"]], "help_redo"],
  ]],
  ["help_timeline", [
    [[["press"]], "help_press"],
    [[["Shift", "press"], ["Ctrl", "press"]], "help_pick"],
    [[["edge"]], "help_edge"],
    [[["Alt", "edge"]], "help_free"],
    [[["Ctrl", "edge"]], "help_alone"],
    [[["+"], ["−"], ["0"]], "help_zoom"],
    [[["Ctrl", "wheel"]], "help_wheel"],
    [[["drag"], ["wheel"]], "help_pan"],
  ]],
  ["help_page", [
    [[["/"]], "help_search"],
    [[["?"]], "help_help"],
    [[["Esc"]], "help_escape"],
  ]],
];
const EDITS = ["help_editing"];
const EDIT_ROWS = ["help_edge", "help_free", "help_alone"];

const onMac = /^(Mac|iP)/.test(navigator.platform);

function keyCap(key, texts) {
  if (onMac && key === "Ctrl") return "⌘";
  if (onMac && key === "Alt") return "⌥";
  const named = { Space: "key_space", wheel: "key_wheel", drag: "key_drag", press: "key_press", edge: "key_drag_edge" }[key];
  return named ? texts[named] : key;
}

const keyName = (keys, texts) => keys.map((key) => keyCap(key, texts)).join("+");

class Help {
  constructor(host) {
    this.sheet = host.querySelector("dialog.help");
    this.button = host.querySelector(".ask");
    this.button.addEventListener("click", () => this.toggle());
    this.sheet.addEventListener("click", (event) => event.target === this.sheet && this.sheet.close()); // beside it
  }

  get open() {
    return this.sheet.open;
  }

  toggle() {
    if (this.open) this.sheet.close();
    else this.sheet.showModal();
  }

  update({ texts, editable, film, lang }) {
    this.button.title = `${texts.help_open} (?)`;
    this.button.setAttribute("aria-label", this.button.title);
    const told = JSON.stringify([lang, editable, Boolean(film)]);
    if (told === this.told) return;
    this.told = told;
    const head = make("header");
    const title = make("h2", "", texts.help_title);
    const close = dropButton(texts.help_close, () => this.sheet.close());
    close.autofocus = true;
    head.append(title, close);
    this.sheet.setAttribute("aria-label", texts.help_title);
    const groups = HELP.filter(([name]) => editable || !EDITS.includes(name)).map(([name, rows]) => {
      const group = make("section");
      const list = make("dl");
      for (const [combinations, text] of rows) {
        if (!editable && EDIT_ROWS.includes(text)) continue;
        list.append(this.keys(combinations, texts), make("dd", "", texts[text]));
      }
      group.append(make("h3", "", texts[name]), list);
      return group;
    });
    const body = make("div", "groups");
    body.tabIndex = 0; // so that keys scroll it
    body.setAttribute("role", "region");
    body.setAttribute("aria-label", texts.help_title);
    body.append(...groups);
    this.sheet.replaceChildren(head, body);
  }

  keys(combinations, texts) {
    const term = make("dt");
    for (const keys of combinations) {
      const combination = make("span");
      keys.forEach((key, i) => combination.append(i ? "+" : "", make("kbd", "", keyCap(key, texts))));
      term.append(combination);
    }
    return term;
  }
}
