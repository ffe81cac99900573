// What opens over the phone: lists, forms, files. One dialog, one thing in it at a time.
import { byId, h, icon, ltr, phoneText } from "./dom.js";
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
  open("Open a link", h("p", { class: "break" }, ltr(url || "no address")),
    safe ? h("p", {}, h("a", { class: "button lead", href: url, target: "_blank", rel: "noopener noreferrer", onclick: close }, icon("out"), "Open in a new tab"))
      : h("p", { class: "wrong" }, "Not a web address, so it cannot be opened here."),
    safe ? h("p", { class: "help" }, "That page is outside this machine.") : null);
}

export function code(text) {
  open("Code", h("p", { class: "break big" }, ltr(text)), h("p", {}, h("button", { type: "button", class: "lead", onclick: () => navigator.clipboard?.writeText(text).then(close, () => {}) }, icon("copy"), "Copy")));
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
  form("Location", [["name", "Name", "Lalbagh west gate"], ["address", "Address", "Lalbagh Road, Bengaluru"], ["latitude", "Latitude", "12.9507", { required: true }], ["longitude", "Longitude", "77.5848", { required: true }]],
    "Send location", ({ name, address, latitude, longitude }) => {
      const [lat, lon] = [Number(latitude), Number(longitude)];
      if (!latitude.trim() || !longitude.trim() || !(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180)) return "Latitude is a number from −90 to 90, longitude from −180 to 180.";
      ctx.act({ do: "location", latitude: lat, longitude: lon, name, address, message: message || null });
      return "";
    });
}

export function contact(ctx) {
  form("Contact card", [["name", "Name", "Noor Rahman", { required: true }], ["phone", "Phone", "+1 202 555 0199", { required: true }]], "Send contact",
    ({ name, phone }) => { ctx.act({ do: "contact", name, phone }); return ""; });
}

export function flow(ctx, flow_) {
  const answers = { flow_token: flow_.flow_token || "unused", ...(flow_.flow_action_payload?.data || {}) };
  form("Form", [["answers", "Answers, as JSON", JSON.stringify(answers, null, 2), { rows: 8 }]], "Send the form", ({ answers: text }) => {
    let value;
    try { value = JSON.parse(text); } catch (error) { return `This is not JSON: ${error.message}.`; }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return "The answers are one JSON object, in braces.";
    ctx.act({ do: "form", message: ctx.bubble.id, name: "flow", answers: value });
    return "";
  }, "The screens of a Flow are Meta's and are not on this machine; what it would send is written here.");
}

export function address(ctx, parameters) {
  const saved = parameters.saved_addresses?.[0];
  const start = { ...(saved?.value || {}), ...(parameters.values || {}) };
  form("Address", [["name", "Name", start.name], ["phone_number", "Phone", start.phone_number || phoneText(ctx.contact.phone)], ["in_pin_code", "PIN code", start.in_pin_code || "560004"],
    ["address", "Address", start.address || "12 Tea Lane"], ["landmark_area", "Landmark", start.landmark_area], ["city", "City", start.city || "Bengaluru"]], "Send address", (values) => {
    ctx.act({ do: "form", message: ctx.bubble.id, name: "address_message", answers: { ...(saved ? { saved_address_id: saved.id } : {}), values },
      shown: [values.name, values.phone_number, [values.in_pin_code, values.landmark_area, values.address, values.city].filter(Boolean).join(", ")].join("\n") });
    return "";
  });
}

export function shop(ctx, title, catalog, ids) {
  form(title, ids.map((id, index) => [id, `Quantity of ${id}`, index === 0 ? "1" : "0"]), "Send the order", (values) => {
    const items = Object.fromEntries(Object.entries(values).map(([id, count]) => [id, Math.max(0, Math.floor(Number(count)) || 0)]));
    if (!Object.values(items).some(Boolean)) return "Choose at least one of something.";
    ctx.act({ do: "order", message: ctx.bubble.id, catalog, items });
    return "";
  }, "Names and prices are in the catalogue, which is not on this machine.");
}

export function pay(ctx, order) {
  const end = (outcome) => () => { close(); ctx.call("/paid", { line: ctx.line, contact: ctx.contact.id, message: ctx.bubble.id, outcome }); };
  open("Review and pay", bill(order), h("div", { class: "row-of" },
    h("button", { type: "button", class: "lead", onclick: end("paid") }, "Pay"), h("button", { type: "button", onclick: end("failed") }, "Let it fail"),
    h("button", { type: "button", onclick: end("pending") }, "Leave pending")), h("p", { class: "help" }, "No money moves. The emulated partner tells the agent what came of it."));
}

export function tools(ctx, reply) {
  const emojis = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
  const mine = ctx.bubble.reactions.person;
  const react = (emoji) => () => { close(); ctx.act({ do: "react", message: ctx.bubble.id, emoji }); };
  open("This message", h("div", { class: "row-of emojis" }, emojis.map((emoji) => h("button", { type: "button", onclick: react(emoji), "aria-label": `React ${emoji}`, "aria-pressed": String(mine === emoji) }, emoji))),
    h("div", { class: "row-of" }, h("button", { type: "button", onclick: () => { close(); reply(ctx.bubble); } }, icon("reply"), "Reply"),
      mine ? h("button", { type: "button", onclick: react("") }, "Take the reaction back") : null),
    h("p", { class: "help break" }, "Id ", ltr(ctx.bubble.id)));
}

// --- files -----------------------------------------------------------------------------------

export function attach(ctx) {
  const item = (label, name, act) => h("li", {}, h("button", { type: "button", class: "row", onclick: act }, icon(name), h("strong", {}, label)));
  open("Send", h("ul", { class: "rows icons" },
    item("Photo", "picture", () => pick(ctx, "image", "image/png,image/jpeg")), item("Video", "video", () => pick(ctx, "video", "video/mp4,video/3gpp")),
    item("Document", "file", () => pick(ctx, "document", "")), item("Location", "place", () => location(ctx)), item("Contact card", "person", () => contact(ctx)),
    item("Voice note, 2 s of silence", "voice", () => { close(); upload(ctx, "voice", new Blob(["-"]), ""); })),
  h("p", { class: "help" }, "A reaction is under the three dots beside each message."));
}

function pick(ctx, kind, accept) {
  const input = h("input", { type: "file", accept: accept || null, id: "file" });
  const caption = h("input", { dir: "auto", maxlength: 1024 });
  const problem = h("p", { class: "wrong", role: "alert" });
  const send = (file) => { close(); upload(ctx, kind, file, caption.value); };
  const sample = { image: samplePhoto, document: sampleDocument }[kind];
  open({ image: "Photo", video: "Video", document: "Document" }[kind],
    h("form", { onsubmit: (event) => {
      event.preventDefault();
      if (input.files[0]) send(input.files[0]); else problem.textContent = "Choose a file first.";
    } }, h("label", {}, "File", input), h("label", {}, "Caption", caption), problem,
    h("div", { class: "row-of" }, h("button", { type: "submit", class: "lead" }, "Send"), sample ? h("button", { type: "button", onclick: async () => send(await sample()) }, "Send a sample") : null)));
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
