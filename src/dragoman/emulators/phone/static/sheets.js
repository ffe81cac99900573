// What opens over the phone: lists, forms, files. One dialog, one thing in it at a time.
import { _, byId, h, icon, ltr, phoneText } from "./dom.js";
import { bill } from "./parts.js";

const dialog = () => byId("sheet");

export function open(title, ...content) {
  byId("sheet-title").textContent = title;
  byId("sheet-body").replaceChildren(...content.flat().filter(Boolean));
  if (!dialog().open) dialog().showModal();
  (byId("sheet-body").querySelector("input, textarea, button, a") || byId("sheet-close")).focus();
}
export const close = () => dialog().close();

export const say = (title, sentence) => open(title, h("p", {}, sentence));

export function link(url) {
  const safe = /^https?:\/\//i.test(url || "");
  open(_("Open a link"), h("p", { class: "break" }, ltr(url || _("no address"))),
    safe ? h("p", {}, h("a", { class: "button lead", href: url, target: "_blank", rel: "noopener noreferrer", onclick: close }, icon("out"), _("Open in a new tab")))
      : h("p", { class: "wrong" }, _("Not a web address, so it cannot be opened here.")),
    safe ? h("p", { class: "help" }, _("That page is outside this machine.")) : null);
}

export function code(text) {
  open(_("Code"), h("p", { class: "break big" }, ltr(text)), h("p", {}, h("button", { type: "button", class: "lead", onclick: () => navigator.clipboard?.writeText(text).then(close, () => {}) }, icon("copy"), _("Copy"))));
}

export function rows(ctx, action) {
  open(action.button, action.sections.map((section) => h("section", {}, section.title ? h("h3", { dir: "auto" }, section.title) : null,
    h("ul", { class: "rows" }, section.rows.map((row) => h("li", {}, h("button", { type: "button", class: "row", onclick: () => {
      close();
      ctx.act({ do: "row", message: ctx.bubble.id, id: row.id, title: row.title, description: row.description });
    } }, h("strong", { dir: "auto" }, row.title), row.description ? h("span", { class: "help", dir: "auto" }, row.description) : null)))))));
}

function form(title, fields, button, done, note) {
  const inputs = {};
  const body = h("form", { onsubmit: (event) => {
    event.preventDefault();
    const values = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input.value]));
    const wrong = done(values);
    if (wrong) problem.textContent = wrong;
    else close();
  } });
  const problem = h("p", { class: "wrong", role: "alert" });
  for (const [key, label, value, extra] of fields) {
    inputs[key] = h(extra?.rows ? "textarea" : "input", { dir: "auto", required: extra?.required, rows: extra?.rows, class: extra?.rows ? "mono" : null });
    inputs[key].value = value ?? "";
    body.append(h("label", {}, label, inputs[key]));
  }
  body.append(note ? h("p", { class: "help" }, note) : "", problem, h("div", {}, h("button", { type: "submit", class: "lead" }, button)));
  open(title, body);
}

export function location(ctx, message) {
  form(_("Location"), [["name", _("Name"), "Lalbagh west gate"], ["address", _("Address"), "Lalbagh Road, Bengaluru"], ["latitude", _("Latitude"), "12.9507", { required: true }], ["longitude", _("Longitude"), "77.5848", { required: true }]],
    _("Send location"), ({ name, address, latitude, longitude }) => {
      const [lat, lon] = [Number(latitude), Number(longitude)];
      if (!latitude.trim() || !longitude.trim() || !(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180)) return _("Latitude is a number from −90 to 90, longitude from −180 to 180.");
      ctx.act({ do: "location", latitude: lat, longitude: lon, name, address, message: message || null });
      return "";
    });
}

export function contact(ctx) {
  form(_("Contact card"), [["name", _("Name"), "Noor Rahman", { required: true }], ["phone", _("Phone"), "+1 202 555 0199", { required: true }]], _("Send contact"),
    ({ name, phone }) => { ctx.act({ do: "contact", name, phone }); return ""; });
}

export function flow(ctx, flow_) {
  const answers = { flow_token: flow_.flow_token || "unused", ...(flow_.flow_action_payload?.data || {}) };
  form(_("Form"), [["answers", _("Answers, as JSON"), JSON.stringify(answers, null, 2), { rows: 8 }]], _("Send the form"), ({ answers: text }) => {
    let value;
    try { value = JSON.parse(text); } catch (error) { return _("This is not JSON: {problem}.", { problem: error.message }); }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return _("The answers are one JSON object, in braces.");
    ctx.act({ do: "form", message: ctx.bubble.id, name: "flow", answers: value });
    return "";
  }, _("The screens of a Flow are Meta's and are not on this machine; what it would send is written here."));
}

export function address(ctx, parameters) {
  const saved = parameters.saved_addresses?.[0];
  const start = { ...(saved?.value || {}), ...(parameters.values || {}) };
  form(_("Address"), [["name", _("Name"), start.name], ["phone_number", _("Phone"), start.phone_number || phoneText(ctx.contact.phone)], ["in_pin_code", _("PIN code"), start.in_pin_code || "560004"],
    ["address", _("Address"), start.address || "12 Tea Lane"], ["landmark_area", _("Landmark"), start.landmark_area], ["city", _("City"), start.city || "Bengaluru"]], _("Send address"), (values) => {
    ctx.act({ do: "form", message: ctx.bubble.id, name: "address_message", answers: { ...(saved ? { saved_address_id: saved.id } : {}), values },
      shown: [values.name, values.phone_number, [values.in_pin_code, values.landmark_area, values.address, values.city].filter(Boolean).join(", ")].join("\n") });
    return "";
  });
}

export function shop(ctx, title, catalog, ids) {
  form(title, ids.map((id, index) => [id, _("Quantity of {id}", { id }), index === 0 ? "1" : "0"]), _("Send the order"), (values) => {
    const items = Object.fromEntries(Object.entries(values).map(([id, count]) => [id, Math.max(0, Math.floor(Number(count)) || 0)]));
    if (!Object.values(items).some(Boolean)) return _("Choose at least one of something.");
    ctx.act({ do: "order", message: ctx.bubble.id, catalog, items });
    return "";
  }, _("Names and prices are in the catalogue, which is not on this machine."));
}

export function pay(ctx, order) {
  const end = (outcome) => () => { close(); ctx.call("/paid", { line: ctx.line, contact: ctx.contact.id, message: ctx.bubble.id, outcome }); };
  open(_("Review and pay"), bill(order), h("div", { class: "row-of" },
    h("button", { type: "button", class: "lead", onclick: end("paid") }, _("Pay")), h("button", { type: "button", onclick: end("failed") }, _("Let it fail")),
    h("button", { type: "button", onclick: end("pending") }, _("Leave pending"))), h("p", { class: "help" }, _("No money moves. The emulated partner tells the agent what came of it.")));
}

export function tools(ctx, reply) {
  const emojis = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
  const mine = ctx.bubble.reactions.person;
  const react = (emoji) => () => { close(); ctx.act({ do: "react", message: ctx.bubble.id, emoji }); };
  open(_("This message"), h("div", { class: "row-of emojis" }, emojis.map((emoji) => h("button", { type: "button", onclick: react(emoji), "aria-label": _("React {emoji}", { emoji }), "aria-pressed": String(mine === emoji) }, emoji))),
    h("div", { class: "row-of" }, h("button", { type: "button", onclick: () => { close(); reply(ctx.bubble); } }, icon("reply"), _("Reply")),
      mine ? h("button", { type: "button", onclick: react("") }, _("Take the reaction back")) : null),
    h("p", { class: "help break" }, _("Id") + " ", ltr(ctx.bubble.id)));
}

// --- files -----------------------------------------------------------------------------------

export function attach(ctx) {
  const item = (label, name, act) => h("li", {}, h("button", { type: "button", class: "row", onclick: act }, icon(name), h("strong", {}, label)));
  open(_("Send"), h("ul", { class: "rows icons" },
    item(_("Photo"), "picture", () => pick(ctx, "image", "image/png,image/jpeg")), item(_("Video"), "video", () => pick(ctx, "video", "video/mp4,video/3gpp")),
    item(_("Document"), "file", () => pick(ctx, "document", "")), item(_("Location"), "place", () => location(ctx)), item(_("Contact card"), "person", () => contact(ctx)),
    item(_("Voice note, 2 s of silence"), "voice", () => { close(); upload(ctx, "voice", new Blob(["-"]), ""); })),
  h("p", { class: "help" }, _("A reaction is under the three dots beside each message.")));
}

function pick(ctx, kind, accept) {
  const input = h("input", { type: "file", accept: accept || null, id: "file" });
  const caption = h("input", { dir: "auto", maxlength: 1024 });
  const problem = h("p", { class: "wrong", role: "alert" });
  const send = (file) => { close(); upload(ctx, kind, file, caption.value); };
  const sample = { image: samplePhoto, document: sampleDocument }[kind];
  open({ image: _("Photo"), video: _("Video"), document: _("Document") }[kind],
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      if (input.files[0]) send(input.files[0]); else problem.textContent = _("Choose a file first.");
    } }, h("label", {}, _("File"), input), h("label", {}, _("Caption"), caption), problem,
    h("div", { class: "row-of" }, h("button", { type: "submit", class: "lead" }, _("Send")), sample ? h("button", { type: "button", onclick: async () => send(await sample()) }, _("Send a sample")) : null)));
}

function samplePhoto() {
  const canvas = h("canvas", { width: 640, height: 480 });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#EFECE4"; pen.fillRect(0, 0, 640, 480);
  pen.strokeStyle = "#1D4C8F"; pen.lineWidth = 10; pen.lineJoin = "round";
  pen.strokeRect(200, 200, 200, 150);
  pen.beginPath(); pen.arc(400, 270, 45, -1.4, 1.4); pen.stroke();
  for (const x of [250, 300, 350]) { pen.beginPath(); pen.moveTo(x, 170); pen.quadraticCurveTo(x + 18, 140, x, 110); pen.stroke(); }
  return new Promise((done) => canvas.toBlob((blob) => done(new File([blob], "cup.png", { type: "image/png" })), "image/png"));
}
const sampleDocument = () => new File(["Order 1042\n2 x Assam, 1 x Nilgiri\n"], "order-1042.txt", { type: "text/plain" });

function upload(ctx, kind, file, caption) {
  const query = new URLSearchParams({ line: ctx.line, contact: ctx.contact.id, kind });
  if (file.name) query.set("filename", file.name);
  if (caption) query.set("caption", caption);
  return ctx.call("/upload?" + query, file);
}
