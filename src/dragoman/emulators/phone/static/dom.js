// Small tools. Text from people and businesses enters the page as text nodes only: nothing in
// these files sets innerHTML.

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);

// What the page says, in its language: the server lays the words of these files beside them. `_n`
// chooses by a number, which fills {n}.
const LANGUAGE = document.documentElement.lang;
const WORDS = JSON.parse(byId("words")?.textContent || "{}");
const RULES = new Intl.PluralRules(LANGUAGE);
const FORMS = ["zero", "one", "two", "few", "many", "other"].filter((one) => RULES.resolvedOptions().pluralCategories.includes(one));
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values?.[name] ?? whole);
export const _ = (text, values) => fill(WORDS[text] || text, values);
export const _n = (one, many, n, values) => fill(WORDS[one]?.[FORMS.indexOf(RULES.select(n))] || (n === 1 ? one : many), { n, ...values });
// Words that come from elsewhere and are ours: a fault's label, a status.
export const known = (text) => (typeof WORDS[text] === "string" ? WORDS[text] : text);
// Dates in the page's language, in the digits of everything else here.
export const LOCALE = LANGUAGE === "en" ? "en-GB" : `${LANGUAGE}-u-nu-latn-ca-gregory-hc-h23`;

export const ltr = (text) => h("bdi", { dir: "ltr" }, String(text));

export function phoneText(digits) {
  const d = String(digits || "").replace(/^\+/, "");
  const us = /^1(\d{3})(\d{3})(\d{4})$/.exec(d);
  return us ? `+1 ${us[1]} ${us[2]} ${us[3]}` : d ? "+" + d : "";
}

export function clockTime(ms, seconds) {
  return new Date(ms).toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });
}
export function fullTime(ms) {
  return new Date(ms).toLocaleString(LOCALE, { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
}
export function dayName(ms) {
  return new Date(ms).toLocaleDateString(LOCALE, { weekday: "long", day: "numeric", month: "long" });
}

// Posts to the phone. The header tells the server that its own page is asking.
export async function post(path, data) {
  const raw = data instanceof Blob;
  const response = await fetch("/phone" + path, {
    method: "POST",
    headers: { "X-Dragoman-Phone": "1", "Content-Type": raw ? data.type || "application/octet-stream" : "application/json" },
    body: raw ? data : JSON.stringify(data),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail || _("The test phone answered {status}. Look at the program's own output.", { status: response.status }));
  return answer;
}
