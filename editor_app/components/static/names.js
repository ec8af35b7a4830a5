// Finding somebody by what was typed: any of their names, its initial sounds, a syllable that is not whole yet.
const FIRST_SYLLABLE = 0xac00;
const LAST_SYLLABLE = 0xd7a3;
const FINALS = 28;
const VOWELS_AND_FINALS = 588;
const INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";

// Composed, but not NFKC: that would make a lone ㅁ another letter than the one people type.
const folded = (text) => text.normalize("NFC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");

// Whether a letter of a name is what somebody typed: ㅁ is the initial of 민, and 미 is the beginning of it.
function sameLetter(letter, typed) {
  if (letter === typed) return true;
  const code = letter.charCodeAt(0);
  if (code < FIRST_SYLLABLE || code > LAST_SYLLABLE) return false;
  const initial = INITIALS[Math.floor((code - FIRST_SYLLABLE) / VOWELS_AND_FINALS)];
  if (initial === typed) return true;
  const other = typed.charCodeAt(0);
  if (other < FIRST_SYLLABLE || other > LAST_SYLLABLE || (other - FIRST_SYLLABLE) % FINALS) return false;
  return Math.floor((code - FIRST_SYLLABLE) / FINALS) === Math.floor((other - FIRST_SYLLABLE) / FINALS);
}

// Where in a name what somebody typed begins, both folded; -1 where it is not in it.
function foundAt(name, typed) {
  for (let start = 0; start + typed.length <= name.length; start += 1) {
    let length = 0;
    while (length < typed.length && sameLetter(name[start + length], typed[length])) length += 1;
    if (length === typed.length) return start;
  }
  return -1;
}

// How well somebody fits: 0 the beginning of a name, 1 of a word, 2 inside; null where they do not.
function fitting(person, typed) {
  let best = null;
  for (const name of person.folded) {
    const at = foundAt(name, typed);
    if (at < 0) continue;
    const fit = at === 0 ? 0 : name[at - 1] === " " || name[at - 1] === "/" ? 1 : 2;
    if (best === null || fit < best) best = fit;
  }
  return best;
}

function withFolded(people) {
  return people.map((person) => ({
    ...person,
    folded: [...new Set([person.label, ...person.names].map(folded))],
  }));
}
