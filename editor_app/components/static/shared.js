// Text of people and models reaches the page through textContent and attributes only, never as markup.
function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Work that can wait until the browser has shown what is there.
function afterPaint(work) {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(work)));
}

function captionLines({ captions, untranslated }, none) {
  const box = make("div", "captions");
  if (!captions.length) box.append(make("p", "caption none", none));
  captions.forEach(({ lang, parts }, i) => {
    const line = withMarks(make("p", i ? "caption other" : "caption"), parts);
    line.lang = lang;
    box.append(line);
  });
  if (untranslated) box.append(make("p", "untranslated", untranslated));
  return box;
}

function withMarks(element, parts) {
  for (const { text, hit } of parts) element.append(hit ? make("mark", "", text) : text);
  return element;
}

function chips({ people, objects }, texts) {
  const row = make("ul", "chips");
  for (const person of people) {
    const chip = make("li", person.named ? "chip named" : "chip");
    chip.title = person.tip;
    chip.append(make("span", "name", person.name));
    if (person.group) chip.append(make("span", "group", person.group));
    row.append(chip);
  }
  for (const label of objects) {
    const chip = make("li", "chip object", label);
    chip.title = texts.objects;
    row.append(chip);
  }
  return row;
}

function picture(source, alt) {
  const image = make("img");
  image.alt = alt;
  image.loading = "lazy";
  image.decoding = "async";
  image.src = source;
  return image;
}

const still = matchMedia("(prefers-reduced-motion: reduce)");

function movingPicture(moment) {
  const source = still.matches ? moment.still || moment.preview : moment.preview || moment.still;
  return source ? picture(source, moment.alt) : null;
}

const NO_PICTURE = "M4 5h16v14H4zm2 2v10h12V7zm3 8 2.500-3 2 2 2.500-4 2 5z";

function thumbnail(image) {
  const box = make("div", "thumb");
  if (image) {
    box.append(image);
    return box;
  }
  box.append(icon(NO_PICTURE));
  return box;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

function pressable(className, text, press) {
  const button = make("button", className, text);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

function dropButton(label, press) {
  const button = pressable("drop", "×", press);
  button.title = label;
  button.setAttribute("aria-label", label);
  return button;
}

// A key pressed in an open menu: it moves along the buttons, or closes the menu and goes back to what opened it.
function menuKey(menu, opener, event) {
  const all = [...menu.querySelectorAll("button")];
  const here = all.indexOf(event.target);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Tab" || event.key === "Escape") {
    if (event.key === "Escape") event.preventDefault();
    menu.hidePopover();
    opener.focus();
  }
  if (next === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  all[(next + all.length) % all.length].focus();
}
