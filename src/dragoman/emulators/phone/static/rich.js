// WhatsApp's markup in a text: *bold* _italic_ ~strike~ `code` ```mono``` > quote, and links.
import { _, h } from "./dom.js";

const MARKS = { "*": "strong", _: "em", "~": "s", "`": "code" };
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;

export function rich(text) {
  const out = [];
  String(text ?? "").split(/```([\s\S]+?)```/).forEach((piece, index) => {
    if (index % 2) out.push(h("code", { class: "block" }, piece));
    else out.push(...inline(piece));
  });
  return out;
}

// A mark opens after a gap and before ink, and closes before a gap, as in the real thing.
function inline(text) {
  const match = /(^|[\s\p{P}])([*_~`])(?=\S)([^\n]*?\S)\2(?=$|[\s\p{P}])/u.exec(text);
  if (!match || !MARKS[match[2]]) return links(text);
  const start = match.index + match[1].length;
  const link = [...text.matchAll(LINK)].find((one) => one.index < start && start < one.index + one[0].length);
  if (link) {
    const end = link.index + link[0].length;
    return [...links(text.slice(0, end)), ...inline(text.slice(end))];
  }
  const inner = match[2] === "`" ? [match[3]] : inline(match[3]);
  return [...links(text.slice(0, start)), h(MARKS[match[2]], {}, inner), ...inline(text.slice(match.index + match[0].length))];
}

function links(text) {
  const out = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    out.push(text.slice(from, match.index));
    out.push(h("a", { href: match[0], target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, match[0]));
    from = match.index + match[0].length;
  }
  out.push(text.slice(from));
  return out.filter((part) => part !== "");
}

// The first words of any message, for quotes and the list of contacts.
export function preview(body) {
  const kind = body.type;
  const value = body[kind] || {};
  const words = {
    text: () => value.body,
    image: () => value.caption || _("Picture"), video: () => value.caption || _("Video"),
    audio: () => (value.voice ? _("Voice note") : _("Audio")), document: () => value.caption || value.filename || _("Document"),
    sticker: () => _("Sticker"), location: () => value.name || _("Location"),
    contacts: () => value[0]?.name?.formatted_name || _("Contact card"),
    reaction: () => (value.emoji ? _("Reacted {emoji}", { emoji: value.emoji }) : _("Took a reaction back")),
    button: () => value.text, order: () => _("Order"), template: () => body.rendered?.body || _("Template {name}", { name: value.name }),
    interactive: () => {
      const inner = value[value.type] || {};
      return value.body?.text || inner.title || inner.body || (inner.response ? _("Calls: {answer}", { answer: inner.response }) : value.type);
    },
  }[kind];
  return String((words && words()) || kind || _("Message")).replace(/[*_~`]{1,3}(\S[^*_~`]*)[*_~`]{1,3}/g, "$1");
}
