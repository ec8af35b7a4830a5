// A link that stays in this visit when it is simply pressed, and is a link for everything else.
function going(link, press) {
  link.addEventListener("click", (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    press();
  });
  return link;
}

// How far something is: `share` from 0 to 1, or null where nobody knows.
function showShare(bar, share, label) {
  bar.classList.toggle("unknown", share === null);
  bar.setAttribute("aria-label", label);
  if (share === null) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  bar.firstElementChild.style.width = share === null ? "" : `${share * 100}%`;
}

function progressBar() {
  const bar = make("div", "bar");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  bar.append(make("i"));
  return bar;
}

// A button for what is asked for once: further presses do nothing until it is drawn anew.
function onceButton(className, { label, name }, press) {
  const button = pressable(className, label, () => {
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";
    press();
  });
  button.setAttribute("aria-label", name);
  return button;
}
