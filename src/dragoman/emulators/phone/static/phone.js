// The test phone's page: one state, told by the server as it changes.
import { _, _n, byId, clockTime, dayName, fullTime, h, icon, ltr, phoneText, post } from "./dom.js";
import { draw, kindOf } from "./draw.js";
import { preview } from "./rich.js";
import * as sheets from "./sheets.js";
import { clockPanel, faultsPanel, offset, setSteps, tabs, updateFaults, wireLine } from "./panels.js";

const S = { lines: [], contacts: [], chats: new Map(), wire: [], typing: new Map(), controls: {}, line: "", contact: "", skew: 0, reply: null, recall: 0 };
const chatKey = (line, contact) => JSON.stringify([line, contact]);
const here = () => S.chats.get(chatKey(S.line, S.contact)) || [];
const now = () => Date.now() + S.skew;
const person = () => S.contacts.find((one) => one.id === S.contact);
const remember = (key, value) => { try { localStorage.setItem("dragoman-phone-" + key, value); } catch { /* this visit only */ } };
const remembered = (key) => { try { return localStorage.getItem("dragoman-phone-" + key); } catch { return null; } };

// --- telling the server ------------------------------------------------------------------------

function fail(error) {
  const notice = byId("notice");
  notice.textContent = error.message;
  notice.hidden = false;
}
async function call(path, data) {
  byId("notice").hidden = true;
  try { return await post(path, data); } catch (error) { fail(error); return null; }
}
const act = (gesture) => call("/do", { ...gesture, line: S.line, contact: S.contact });

function context(bubble) {
  return { line: S.line, contact: person(), bubble, act, call, now, played: () => { if (bubble && !bubble.mine) call("/play", { line: S.line, message: bubble.id }); } };
}

let lookTimer = 0;
function look() {
  if (lookTimer) return;
  lookTimer = setTimeout(() => {
    lookTimer = 0;
    if (!byId("looking").checked || document.visibilityState !== "visible") return;
    if (here().some((one) => !one.mine && !one.seen)) call("/look", { line: S.line, contact: S.contact });
  }, 400);
}

// --- the chat ----------------------------------------------------------------------------------

const TICKS = { sending: _("waiting to be taken"), sent: _("sent"), delivered: _("delivered"), read: _("read"), played: _("played"), failed: _("failed") };

function ticks(bubble) {
  if (!bubble.mine || !bubble.status) return null;
  const double = ["delivered", "read", "played"].includes(bubble.status);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 12");
  svg.setAttribute("class", `ticks ${bubble.status}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", TICKS[bubble.status] || bubble.status);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const single = "M6 6.5 9 9.5 15 2.5";
  path.setAttribute("d", bubble.status === "sending" ? "M10 2v4h3M10 1a5 5 0 1 0 .01 0" : bubble.status === "failed" ? "M10 1v6M10 10v.5" : double ? "M2 6.5 5 9.5 11 2.5M8 8.5 9 9.5 15 2.5" : single);
  svg.append(path);
  return svg;
}

function quote(bubble) {
  if (!bubble.quoted) return null;
  const target = here().find((one) => one.id === bubble.quoted);
  return h("div", { class: "quote" }, h("span", { class: "help" }, target ? (target.mine ? person()?.name : title()) : _("Earlier message")),
    h("span", { class: "quoted", dir: "auto" }, target ? preview(target.body) : _("not in this chat")));
}

function bubbleNode(bubble) {
  const ctx = context(bubble);
  const stamp = h("span", { class: "stamp" }, h("time", { datetime: new Date(bubble.at).toISOString(), title: fullTime(bubble.at) }, clockTime(bubble.at)), ticks(bubble));
  const reactions = Object.values(bubble.reactions || {});
  const more = h("button", { type: "button", class: "bare icon more", "aria-label": _("React or reply"), onclick: () => sheets.tools(ctx, replyTo) }, icon("more"));
  const kind = kindOf(bubble.body);
  const box = h("div", { class: "bubble" }, quote(bubble), draw(bubble.body, ctx), stamp,
    reactions.length ? h("span", { class: "reactions", role: "img", "aria-label": _("Reactions: {reactions}", { reactions: reactions.join(" ") }) }, reactions) : null);
  box.append(...[...box.querySelectorAll(":scope > .taps")]); // what can be tapped stands below the time
  return h("article", { class: `message ${bubble.mine ? "mine" : "theirs"}${kind === "sticker" ? " naked" : ""}${reactions.length ? " reacted" : ""}`, "data-seq": bubble.seq, "data-id": bubble.id, "data-kind": kind, "data-shape": shape(bubble), "aria-label": `${bubble.mine ? person()?.name : title()}, ${clockTime(bubble.at)}` },
    h("div", { class: "beside" }, box, more), bubble.failure ? h("p", { class: "wrong" }, bubble.failure) : null);
}

// What of a bubble is to be seen. Its being looked at, or a report that shows nowhere, leaves the
// drawing alone, so that a video plays on and the focus stays.
const shape = (bubble) => JSON.stringify([bubble.id, bubble.mine && bubble.status, bubble.failure, bubble.reactions]);

// A reaction is drawn on the bubble that it refers to, if that is in the chat.
const onTarget = (bubble) => bubble.body.type === "reaction" && here().some((one) => one.id === bubble.body.reaction?.message_id);

function drawChat() {
  const chat = byId("chat");
  const nodes = [];
  let day = "";
  for (const bubble of here()) {
    if (onTarget(bubble)) continue;
    const today = dayName(bubble.at);
    if (today !== day) nodes.push(h("p", { class: "day" }, today));
    day = today;
    nodes.push(bubbleNode(bubble));
  }
  if (!S.lines.length) nodes.push(h("p", { class: "empty" }, _("No emulated number is connected. Start the demo, or an emulated partner.")));
  else if (!nodes.length) nodes.push(h("p", { class: "empty" }, answersHere() ? _("Write hello: {name} answers.", { name: title() }) : _("Nobody answers here yet.")));
  chat.replaceChildren(...nodes);
  chat.scrollTop = chat.scrollHeight;
}

function putBubble(bubble) {
  const chat = byId("chat");
  const low = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80;
  const old = chat.querySelector(`[data-seq="${Number(bubble.seq)}"]`);
  if (onTarget(bubble)) return;
  if (old?.dataset.shape === shape(bubble)) return;
  if (old) {
    const focused = old.contains(document.activeElement) && [...old.querySelectorAll("button, a")].indexOf(document.activeElement);
    const node = bubbleNode(bubble);
    old.replaceWith(node);
    if (typeof focused === "number" && focused >= 0) node.querySelectorAll("button, a")[focused]?.focus();
  } else {
    const last = chat.querySelector(".message:last-of-type");
    const before = here().filter((one) => one.seq < bubble.seq).at(-1);
    if (!last && !before) chat.replaceChildren();
    if (!before || dayName(before.at) !== dayName(bubble.at)) chat.append(h("p", { class: "day" }, dayName(bubble.at)));
    const node = bubbleNode(bubble);
    node.classList.add("new");
    chat.append(node);
  }
  if (low || (bubble.mine && !old)) chat.scrollTop = chat.scrollHeight;
}

function replyTo(bubble) {
  S.reply = bubble;
  const bar = byId("replying");
  bar.hidden = !bubble;
  if (!bubble) { bar.replaceChildren(); return; }
  bar.replaceChildren(icon("reply"), h("span", { class: "grow quoted", dir: "auto" }, preview(bubble.body)),
    h("button", { type: "button", class: "bare icon", "aria-label": _("Do not reply to this"), onclick: () => replyTo(null) }, icon("close")));
  byId("message").focus();
}

// Whoever reads the last message goes on reading it when the chat becomes lower or a sheet opens.
let atEnd = true;
byId("chat").addEventListener("scroll", () => { const chat = byId("chat"); atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80; });
new ResizeObserver(() => { if (atEnd) byId("chat").scrollTop = byId("chat").scrollHeight; }).observe(byId("chat"));

// --- around the chat ---------------------------------------------------------------------------

const title = () => S.lines.find((one) => one.key === S.line)?.title || _("The business");
const handle = (one) => one.phone ? phoneText(one.phone) : one.username || one.bsuid || "";

function drawPeople() {
  byId("people").replaceChildren(...S.contacts.map((one) => {
    const chat = S.chats.get(chatKey(S.line, one.id)) || [];
    const last = chat.at(-1);
    const unread = chat.filter((bubble) => !bubble.mine && !bubble.seen).length;
    return h("li", {}, h("button", { type: "button", class: "person", "aria-current": one.id === S.contact ? "true" : null, onclick: () => choose(S.line, one.id) },
      h("span", { class: "avatar", "aria-hidden": "true" }, one.avatar || [...one.name][0]),
      h("span", { class: "grow" },
        h("span", { class: "named" }, h("strong", { dir: "auto" }, one.name), unread ? h("span", { class: "unread", "aria-label": _n("{n} not seen", "{n} not seen", unread) }, String(unread)) : null),
        h("span", { class: "help handle" }, ltr(handle(one)), one.phone ? null : " " + _("no phone")),
        h("span", { class: "help last", dir: "auto" }, last ? preview(last.body) : _("No messages yet")))));
  }));
  const select = byId("choose-contact");
  select.replaceChildren(...S.contacts.map((one) => h("option", { value: one.id, selected: one.id === S.contact }, one.name)));
  select.value = S.contact;
}

function drawLines() {
  const select = byId("choose-line");
  select.replaceChildren(...S.lines.map((one) => h("option", { value: one.key }, `${one.title} · ${one.partner} · ${phoneText(one.display)}`)));
  select.value = S.line;
  const line = S.lines.find((one) => one.key === S.line);
  const console = line?.console ? h("a", { href: line.console, target: "_blank", rel: "noopener" }, _("Its console")) : null;
  byId("hint").textContent = line?.hint || "";
  byId("hint").hidden = !line?.hint;
  byId("wire-what").replaceChildren(...(line ? [line.partner, ...(console ? [" · ", console] : [])] : []));
}

// Numbers are there on which nobody answers: the channel is with another partner, or an app that is
// not published took the account.
const answersHere = () => !S.controls.answered || S.controls.answered.includes(partnerOf(S.line));

function drawSwitch() {
  const { live } = S.controls;
  const partner = partnerOf(S.line);
  const bar = byId("switch");
  const empty = byId("chat").querySelector(".empty");
  if (empty && S.lines.length && !here().length) drawChat();
  bar.hidden = answersHere();
  if (bar.hidden) return;
  const act = async (event) => {
    event.target.disabled = true;
    if (!await call("/switch", { partner })) event.target.disabled = false;
    byId("message").focus();
  };
  const other = S.controls.others[partner];
  if (other) {
    bar.replaceChildren(h("span", { class: "grow" }, _("{other} is set up with this number, and not live on it: publish it. What you write here is kept, and not answered.", { other })));
    return;
  }
  bar.replaceChildren(h("span", { class: "grow" }, _("The channel is with {live}. What you write here is kept, and not answered.", { live })),
    h("button", { type: "button", onclick: act }, _("Switch to {partner}", { partner })));
}

function drawTyping() {
  const until = S.typing.get(chatKey(S.line, S.contact)) || 0;
  byId("typing").textContent = until > Date.now() ? _("{name} is typing…", { name: title() }) : "";
}

// The panel shows one partner's wire: that of the chosen number.
const partnerOf = (key) => S.lines.find((one) => one.key === key)?.partner;
const ofPartner = (one) => [undefined, partnerOf(S.line)].includes(partnerOf(one.number));

function drawWire() {
  const mine = byId("wire-mine").checked;
  const list = S.wire.filter((one) => ofPartner(one) && (!mine || one.contact === S.contact));
  byId("wire").replaceChildren(...list.map((one) => wireLine(one, stepsOf(one))));
  if (!list.length) byId("wire").append(h("li", { class: "empty" }, _("What passes between Dragoman and the partner appears here, as it happens.")));
  byId("wire").scrollTop = byId("wire").scrollHeight;
}

function stepsOf(one) {
  if (one.direction !== "out" || !one.message_id) return null;
  for (const chat of S.chats.values()) {
    const bubble = chat.find((b) => b.id === one.message_id && !b.mine);
    if (bubble) return bubble.steps;
  }
  return null;
}

function drawControls() {
  const { clock } = S.controls;
  const partner = partnerOf(S.line);
  drawSwitch();
  const faults = S.controls.faults?.[partner];
  byId("tab-faults").hidden = !faults;
  byId("tab-clock").hidden = !clock;
  if (faults && !updateFaults(byId("panel-faults"), partner, faults)) byId("panel-faults").replaceChildren(...faultsPanel(partner, faults, fail));
  const which = [...byId("panel-clock").querySelectorAll("button")].indexOf(document.activeElement);
  if (clock) byId("panel-clock").replaceChildren(...clockPanel({ ...clock, now: now() }, fail));
  if (which >= 0) byId("panel-clock").querySelectorAll("button")[which]?.focus();
  const moved = byId("moved");
  moved.hidden = !clock?.offset;
  if (clock?.offset) moved.replaceChildren(offset(clock.offset), " " + _("Emulated partner and Dragoman have moved together.") + " ", h("button", { type: "button", class: "bare", onclick: () => call("/clock", { back: true }) }, _("Set back")));
}

function choose(line, contact) {
  const before = partnerOf(S.line);
  S.line = S.lines.some((one) => one.key === line) ? line : S.lines[0]?.key || "";
  S.contact = S.contacts.some((one) => one.id === contact) ? contact : S.contacts[0]?.id || "";
  remember("line", S.line);
  remember("contact", S.contact);
  S.recall = 0;
  replyTo(null);
  drawLines(); drawPeople(); drawChat(); drawTyping(); drawControls();
  if (byId("wire-mine").checked || partnerOf(S.line) !== before) drawWire();
  look();
}

// --- what the server tells ---------------------------------------------------------------------

async function load() {
  const response = await fetch("/phone/state");
  const state = await response.json();
  Object.assign(S, { lines: state.lines, contacts: state.contacts, wire: state.wire, controls: state.controls, skew: state.now - Date.now() });
  S.chats = new Map(state.chats.map((chat) => [chatKey(chat.line, chat.contact), chat.bubbles]));
  S.typing = new Map(state.typing.map((one) => [chatKey(one.line, one.contact), Date.now() + one.ms]));
  const first = S.lines.find((one) => one.partner === S.controls.live)?.key;
  const asked = new URLSearchParams(location.hash.slice(1)).get("line"); // a link to one number
  choose(S.line || asked || remembered("line") || first, S.contact || remembered("contact"));
  drawWire();
  byId("live").textContent = _("Live");
}

const TOLD = {
  hello: () => load(),
  lines: (change) => { S.lines = change.lines; choose(S.line || remembered("line"), S.contact); },
  contacts: (change) => { S.contacts = change.contacts; drawPeople(); },
  typing: (change) => {
    S.typing.set(chatKey(change.line, change.contact), Date.now() + change.ms);
    drawTyping();
    setTimeout(drawTyping, change.ms + 50);
  },
  wire: ({ wire }) => {
    S.wire.push(wire);
    if (S.wire.length > 400) S.wire.shift();
    const list = byId("wire");
    if (!ofPartner(wire)) return;
    if (byId("wire-mine").checked) { drawWire(); return; }
    const low = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    list.querySelector(".empty")?.remove();
    list.append(wireLine(wire, stepsOf(wire)));
    while (list.children.length > 400) list.firstChild.remove();
    if (low) list.scrollTop = list.scrollHeight;
  },
  controls: (change) => { S.controls = change.controls; S.skew = change.now - Date.now(); drawControls(); },
  bubble: ({ line, contact, bubble }) => {
    const key = chatKey(line, contact);
    if (!S.chats.has(key)) S.chats.set(key, []);
    const chat = S.chats.get(key);
    const at = chat.findIndex((one) => one.seq === bubble.seq);
    if (at < 0) chat.push(bubble); else chat[at] = bubble;
    if (line === S.line && contact === S.contact) putBubble(bubble);
    drawPeople();
    look();
    for (const node of byId("wire").children) if (bubble.id && node.dataset.message === bubble.id && !bubble.mine && node.querySelector(".arrow.out")) setSteps(node, bubble.steps);
  },
};

let ready = Promise.resolve();
function listen() {
  const source = new EventSource("/phone/events");
  source.onerror = () => { byId("live").textContent = _("The program does not answer; trying again"); };
  source.onmessage = (event) => {
    const change = JSON.parse(event.data);
    // One after the other: a change must not be drawn before the state that it changes.
    ready = ready.then(() => TOLD[change.event]?.(change)).catch(fail);
  };
  addEventListener("pagehide", () => source.close());
}

// --- keys and buttons --------------------------------------------------------------------------

function grow() {
  const box = byId("message");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight + 2, 140) + "px";
}

function recall(step) {
  const sent = here().filter((one) => one.mine && one.body.type === "text").map((one) => one.body.text.body);
  S.recall = Math.max(0, Math.min(sent.length, S.recall + step));
  byId("message").value = S.recall ? sent[sent.length - S.recall] : "";
  grow();
}

byId("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const box = byId("message");
  const text = box.value;
  if (!text.trim() || !S.line) return;
  act({ do: "write", text, quoted: S.reply?.id ?? null });
  box.value = "";
  S.recall = 0;
  replyTo(null);
  grow();
});
byId("message").addEventListener("input", () => { S.recall = 0; grow(); });
byId("message").addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); byId("composer").requestSubmit(); }
  const atWill = byId("message").value === "" || S.recall > 0;
  if (event.key === "ArrowUp" && atWill) { event.preventDefault(); recall(1); }
  if (event.key === "ArrowDown" && S.recall > 0) { event.preventDefault(); recall(-1); }
  if (event.key === "Escape") replyTo(null);
});
byId("plus").addEventListener("click", () => sheets.attach(context(null)));
byId("invent").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await call("/invent", { name: byId("invent-name").value });
  byId("invent-name").value = "";
  if (answer) choose(S.line, answer.contact.id);
});
byId("choose-line").addEventListener("change", (event) => choose(event.target.value, S.contact));
byId("choose-contact").addEventListener("change", (event) => choose(S.line, event.target.value));
byId("looking").addEventListener("change", look);
byId("wire-mine").addEventListener("change", drawWire);
document.addEventListener("visibilitychange", look);
byId("sheet-close").addEventListener("click", sheets.close);
byId("sheet").addEventListener("click", (event) => { if (event.target === byId("sheet")) sheets.close(); });
byId("open-side").addEventListener("click", () => { byId("side").classList.add("open"); byId("tab-wire").focus(); });
const closeSide = () => { byId("side").classList.remove("open"); byId("open-side").focus(); };
byId("close-side").addEventListener("click", closeSide);
byId("side").addEventListener("keydown", (event) => { if (event.key === "Escape" && byId("side").classList.contains("open")) closeSide(); });
tabs((id) => { if (id === "tab-clock") drawControls(); if (id === "tab-wire") byId("wire").scrollTop = byId("wire").scrollHeight; });
listen();
if (matchMedia("(hover: hover)").matches) byId("message").focus();
