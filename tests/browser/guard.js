// Everything that is wrong with a page on which somebody hostile was quoted, by kind (guard.py).
(expected) => {
    const roots = [document.body];
    const elements = [];
    const walk = (root) => {
        for (const element of root.querySelectorAll('*')) {
            elements.push(element);
            if (element.shadowRoot) { roots.push(element.shadowRoot); walk(element.shadowRoot); }
        }
    };
    walk(document.body);
    const told = (element) => `${element.tagName.toLowerCase()}.${String(element.className?.baseVal ?? element.className)
        .split(' ').filter((name) => !/^(st-emotion|e[0-9a-z]{6})/.test(name)).slice(0, 3).join('.')}`
        + ` "${(element.textContent || '').trim().slice(0, 50)}"`;
    const up = (node) => node.parentNode instanceof ShadowRoot ? node.parentNode.host : node.parentElement;
    const squash = (text) => text.normalize('NFC').replace(/[\s\u0085\u001c-\u001f\ufeff]+/g, '');

    // what is there that nobody of ours wrote
    const foreign = elements.filter((element) =>
        [...element.attributes].some(({name}) => /^on/i.test(name))
        || element.matches('iframe, object, embed, base, form[action], [srcdoc]')
        || (element.matches('script, link, meta') && !document.head.contains(element) && element.closest('.stApp'))
        || (element.matches('a[href]') && !['http:', 'https:', 'blob:'].includes(new URL(element.href).protocol))
        || /elsewhere\.invalid/.test(element.getAttribute('href') || element.getAttribute('src') || '')
    ).map(told);

    // what is not on the page as it was written
    const shown = squash(roots.map((root) => root.textContent).join('\n')
        + elements.map((element) => element.matches('input, textarea') ? element.value : '').join('\n'));
    const missing = expected.filter((text) => !shown.includes(squash(text))).map((text) => text.slice(0, 60));

    // what is wider than the window where nobody can scroll it or sees that it was cut, or taller where it stands in a
    // list
    const visible = (element) => element.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true});
    const cut = (element) => {
        for (let box = element; box; box = up(box)) {
            const {overflowX, textOverflow, webkitLineClamp} = getComputedStyle(box);
            const shown = ['auto', 'scroll'].includes(overflowX) || textOverflow === 'ellipsis' || webkitLineClamp !== 'none';
            if (shown && overflowX !== 'visible' && box.getBoundingClientRect().right <= innerWidth + 1) return true;
        }
        return false;
    };
    const wide = elements.filter((element) => {
        const {width, right} = element.getBoundingClientRect();
        return width && right > innerWidth + 1 && visible(element) && !cut(element);
    }).map(told);
    if (document.documentElement.scrollWidth > innerWidth) wide.unshift(`page ${document.documentElement.scrollWidth}`);
    const tall = elements.filter((element) => element.matches('li, [role=row], [role=option], button')
        && !element.querySelector('li') && element.getBoundingClientRect().height > innerHeight).map(told);

    // what is written backwards by the marks of somebody else: between two letters of ours the way is to the right
    const marks = /[\u0590-\u08ff\u202a-\u202e\u2066-\u2069]/;
    const harm = expected.filter((text) => marks.test(text));
    const backwards = [];
    const before = (node, first, last) => {
        const at = [first, last].map((offset) => {
            const range = document.createRange();
            range.setStart(node, offset);
            range.setEnd(node, offset + 1);
            return range.getClientRects()[0];
        });
        const line = at.every(Boolean) && Math.abs(at[0].top - at[1].top) < 2;
        if (line && at[0].left > at[1].left) backwards.push(`${told(node.parentElement)} ${first}-${last}`);
    };
    for (const root of roots) {
        const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node = texts.nextNode(); node; node = texts.nextNode()) {
            const text = node.data;
            const {parentElement: parent} = node;
            if (!parent || parent.matches('script, style') || text.length > 3000) continue;
            const marked = parent.closest('mark')?.parentElement ?? (parent.querySelector(':scope > mark') && parent);
            if (marked && marks.test(marked.textContent)) continue;
            let ours = text.split('').map(() => true);
            for (const one of harm)
                for (let at = text.indexOf(one); at >= 0; at = text.indexOf(one, at + 1)) ours.fill(false, at, at + one.length);
            if (marks.test([...text].filter((_, place) => ours[place]).join(''))) continue;
            for (const {index, 0: word} of text.matchAll(/[A-Za-z가-힣][A-Za-z가-힣 ]*[A-Za-z가-힣]/g)) {
                const first = index, last = index + word.length - 1;
                if (ours.slice(first, last + 1).every(Boolean)) before(node, first, last);
            }
        }
    }
    return {foreign, missing, wide, tall, backwards, hacked: window.hacked ?? null};
}
