// The document says which language it is in and which colours it has: Streamlit says neither for what it draws
// outside its own root, such as what opens above the page.
let watch;

export default function ({ data }) {
  const root = document.documentElement;
  const app = document.querySelector(".stApp");
  const follow = () => (root.style.colorScheme = getComputedStyle(app).colorScheme);
  root.lang = data.lang;
  follow();
  watch?.disconnect();
  watch = new MutationObserver(follow);
  watch.observe(app, { attributes: true, attributeFilter: ["class"] });
}
