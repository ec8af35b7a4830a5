const KEY = "vsearch-return";

// Signing in ends at the start page; the address that was asked for waits in this tab.
export default function ({ data }) {
  const here = location.pathname + location.search;
  if (!data.inside) {
    if (new URL(data.origin).origin !== location.origin) location.replace(data.origin + here);
    else if (here !== "/") sessionStorage.setItem(KEY, here);
    return;
  }
  const wanted = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (wanted && here === "/" && /^\/(?!\/)/.test(wanted)) location.replace(wanted);
}
