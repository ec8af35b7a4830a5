// What became of the files and links that were added, one line each.
const COLOURS = { ok: "done", known: "waiting", bad: "failed" };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".added");
  const drawn = JSON.stringify(data);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  root.lang = data.lang;
  root.querySelector("ul").replaceChildren(
    ...data.told.map(({ how, words, video, href }) => {
      const item = make("li", how);
      item.append(make("span", `state ${COLOURS[how]}`), make("span", "what", words));
      if (video) {
        const link = going(make("a", "", data.open), () => setTriggerValue("opened", video));
        link.href = href;
        item.append(link);
      }
      return item;
    }),
  );
}
