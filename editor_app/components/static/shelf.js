// Every video of the library, as the server describes it.
function row(video) {
  const item = make("li", "row");
  const thumb = thumbnail(video.picture && picture(video.picture, video.alt));
  const text = make("div", "text");
  const title = make("h3", "", video.title);
  if (video.badge) title.append(make("span", "badge", video.badge));
  text.append(title, make("p", "facts", video.facts.join(" · ")));
  if (video.note) text.append(make("p", "note", video.note));
  if (video.waiting) text.append(make("p", "note", video.waiting));
  if (video.stages.length) {
    const stages = make("ul", "stages");
    stages.append(make("b", "", video.done), ...video.stages.map((name) => make("li", "", name)));
    text.append(stages);
  }
  const failures = make("ul", "failures");
  for (const { stage, reason } of video.failures) {
    const failure = make("li");
    failure.append(make("b", "", stage), reason);
    failures.append(failure);
  }
  text.append(failures);
  item.append(thumb, text);
  return item;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".shelf");
  const drawn = JSON.stringify(data);
  if (root.dataset.drawn === drawn) return;
  root.dataset.drawn = drawn;
  root.lang = data.lang;
  root.querySelector(".rows").replaceChildren(...data.videos.map(row));
}
