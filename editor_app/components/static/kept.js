// Recent and saved searches as chips.
function pair(search, tell) {
  const item = make("li", "pair");
  const ask = make("button", "ask", search.name);
  ask.type = "button";
  ask.title = search.tip || search.name;
  ask.addEventListener("click", () => tell("asked", search.id));
  item.append(ask, dropButton(search.forget, () => tell("forgotten", search.id)));
  return item;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".kept");
  const drawn = JSON.stringify(data);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  root.lang = data.lang;
  root.classList.toggle("centred", data.centred);
  root.replaceChildren(
    ...data.groups.map(({ label, searches }) => {
      const group = make("div", "group");
      const row = make("ul", "chips");
      row.setAttribute("aria-label", label);
      row.append(...searches.map((search) => pair(search, setTriggerValue)));
      group.append(make("h3", "", label), row);
      return group;
    }),
  );
}
