// How each kind of message looks. A kind that is missing here is a labelled card with its JSON.
import { _, _n, h, icon, ltr, phoneText } from "./dom.js";
import { bill, file, head, media, place, tap, tapRow, thing, words } from "./parts.js";
import { drawTemplate } from "./template.js";
import * as sheets from "./sheets.js";

export function kindOf(body) {
  return body.type === "interactive" ? `interactive.${body.interactive?.type}` : String(body.type);
}

// An interactive message: header, text, footer and then what can be tapped.
function shell(ctx, value, ...below) {
  return [head(ctx, value.header), words(value.body?.text), words(value.footer?.text, "words foot-note"), ...below];
}

const captioned = (kind) => (body, ctx) => [media(ctx, kind, body[kind]), words(body[kind].caption)];
const said = (label, text, name) => [h("div", { class: "chosen" }, icon(name), h("span", {}, h("span", { class: "help" }, label), h("br"), h("span", { dir: "auto" }, text)))];

const sendReply = (ctx, button) => tap(button.title, "reply", () => ctx.act({ do: "button", message: ctx.bubble.id, id: button.id, title: button.title }));

function card(ctx, one) {
  const action = one.action || {};
  const link = action.parameters;
  return h("li", { class: "deck-card" },
    one.type === "product" ? thing(action) : head(ctx, one.header), words(one.body?.text),
    tapRow((action.buttons || []).map((b) => sendReply(ctx, b.quick_reply || b.reply || {})),
      action.name === "cta_url" ? tap(link.display_text, "out", () => sheets.link(link.url)) : null,
      one.type === "product" ? tap(_("View"), "shop", () => sheets.shop(ctx, _("Product"), action.catalog_id, [action.product_retailer_id])) : null));
}

function contactCard(one) {
  const name = one.name?.formatted_name || phoneText(one.phones?.[0]?.wa_id) || _("Contact");
  return h("div", { class: "thing" }, h("span", { class: "avatar", "aria-hidden": "true" }, [...name][0]), h("span", { class: "grow" },
    h("strong", { dir: "auto" }, name),
    (one.phones || []).map((p) => [h("br"), ltr(p.phone || phoneText(p.wa_id))]),
    (one.emails || []).map((e) => [h("br"), ltr(e.email)]),
    one.org?.company ? h("span", { class: "help", dir: "auto" }, h("br"), [one.org.title, one.org.company].filter(Boolean).join(", ")) : null,
    one.origin === "contact_request" ? h("span", { class: "help" }, h("br"), _("shared when asked")) : null));
}

export const DRAWN = {
  text: (body) => [words(body.text.body)],
  image: captioned("image"),
  video: captioned("video"),
  audio: (body, ctx) => [h("div", { class: "help" }, body.audio.voice ? _("Voice note") : _("Audio")), media(ctx, "audio", body.audio)],
  document: (body, ctx) => [file(ctx, body.document), words(body.document.caption)],
  sticker: (body, ctx) => [media(ctx, "sticker", body.sticker)],
  location: (body) => [place(body.location)],
  contacts: (body) => body.contacts.map(contactCard),
  reaction: (body) => [h("div", { class: "help" }, body.reaction.emoji
    ? _("Reacted {emoji} to a message that is not in this chat", { emoji: body.reaction.emoji }) : _("Took back a reaction to a message that is not in this chat"))],
  template: (body, ctx) => drawTemplate(body, ctx),

  "interactive.button": (body, ctx) => shell(ctx, body.interactive, tapRow(body.interactive.action.buttons.map((b) => sendReply(ctx, b.reply)))),
  "interactive.list": (body, ctx) => shell(ctx, body.interactive,
    tapRow(tap(body.interactive.action.button, "list", () => sheets.rows(ctx, body.interactive.action)))),
  "interactive.cta_url": (body, ctx) => {
    const link = body.interactive.action.parameters;
    return shell(ctx, body.interactive, tapRow(tap(link.display_text, "out", () => sheets.link(link.url))));
  },
  "interactive.flow": (body, ctx) => {
    const flow = body.interactive.action.parameters;
    return shell(ctx, body.interactive, tapRow(tap(flow.flow_cta || _("Open"), "form", () => sheets.flow(ctx, flow))));
  },
  "interactive.product": (body, ctx) => {
    const action = body.interactive.action;
    return [thing(action), ...shell(ctx, body.interactive, tapRow(tap(_("View"), "shop", () => sheets.shop(ctx, _("Product"), action.catalog_id, [action.product_retailer_id]))))];
  },
  "interactive.product_list": (body, ctx) => {
    const action = body.interactive.action;
    const ids = action.sections.flatMap((section) => section.product_items.map((item) => item.product_retailer_id));
    return shell(ctx, body.interactive, h("div", { class: "help" }, _n("{n} product in {lists}", "{n} products in {lists}", ids.length, { lists: action.sections.map((s) => s.title).filter(Boolean).join(", ") || _("one list") })),
      tapRow(tap(_("View items"), "shop", () => sheets.shop(ctx, body.interactive.header?.text || _("Products"), action.catalog_id, ids))));
  },
  "interactive.catalog_message": (body, ctx) => {
    const first = body.interactive.action.parameters?.thumbnail_product_retailer_id;
    return [thing({ product_retailer_id: first }), ...shell(ctx, body.interactive,
      tapRow(tap(_("View catalogue"), "shop", () => sheets.shop(ctx, _("Catalogue"), "catalogue", [first || "first-product"]))))];
  },
  "interactive.location_request_message": (body, ctx) => shell(ctx, body.interactive, tapRow(tap(_("Send location"), "place", () => sheets.location(ctx, ctx.bubble.id)))),
  "interactive.address_message": (body, ctx) => shell(ctx, body.interactive, tapRow(tap(_("Give address"), "form", () => sheets.address(ctx, body.interactive.action.parameters)))),
  "interactive.request_contact_info": (body, ctx) => shell(ctx, body.interactive, tapRow(tap(_("Share my number"), "person", () => ctx.act({
    do: "contact", message: ctx.bubble.id, name: ctx.contact.name, phone: phoneText(ctx.contact.phone || "12025550144") })))),
  "interactive.call_permission_request": (body, ctx) => shell(ctx, body.interactive, tapRow(
    tap(_("Allow calls"), "call", () => ctx.act({ do: "calls", message: ctx.bubble.id, accept: true, until: Math.round(ctx.now() / 1000) + 7 * 86400 })),
    tap(_("Do not allow"), "close", () => ctx.act({ do: "calls", message: ctx.bubble.id, accept: false })))),
  "interactive.voice_call": (body, ctx) => shell(ctx, body.interactive, tapRow(tap(body.interactive.action.parameters?.display_text || _("Call now"), "call", () =>
    sheets.say(_("Call"), _("Calls are not emulated yet, so nothing was sent."))))),
  "interactive.carousel": (body, ctx) => [words(body.interactive.body?.text), h("ul", { class: "deck", tabindex: 0, "aria-label": _("Cards") }, body.interactive.action.cards.map((one) => card(ctx, one)))],
  "interactive.order_details": (body, ctx) => {
    const order = body.interactive.action.parameters;
    return shell(ctx, body.interactive, bill(order), tapRow(tap(_("Review and pay"), "card", () => sheets.pay(ctx, order))));
  },
  "interactive.order_status": (body, ctx) => shell(ctx, body.interactive, orderState(body.interactive.action.parameters)),

  "interactive.button_reply": (body) => [words(body.interactive.button_reply.title)],
  "interactive.list_reply": (body) => [words(body.interactive.list_reply.title, "words title"), words(body.interactive.list_reply.description, "words foot-note")],
  "interactive.nfm_reply": (body) => said(body.interactive.nfm_reply.name === "flow" ? _("Form sent") : _("Address sent"), body.interactive.nfm_reply.body, "form"),
  "interactive.call_permission_reply": (body) => said(_("Calls from this business"), body.interactive.call_permission_reply.response === "accept" ? _("Allowed for 7 days") : _("Not allowed"), "call"),
  button: (body) => [words(body.button.text)],
  order: (body) => said(_n("Order, {n} item", "Order, {n} items", body.order.product_items.reduce((n, item) => n + item.quantity, 0)),
    body.order.product_items.map((item) => `${item.quantity} × ${item.product_retailer_id}`).join(", "), "shop"),
};

export function orderState(state) {
  const rows = [[_("Order"), state.reference_id], [_("State"), state.order?.status], [_("Note"), state.order?.description], [_("Payment"), state.payment?.status]];
  return h("dl", { class: "bill" }, rows.filter(([, value]) => value).map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", { dir: "auto" }, value))));
}

export function unknown(body, why) {
  return [h("div", { class: "unknown" }, h("strong", {}, why || _("A kind that this phone cannot draw: "), h("code", {}, kindOf(body))),
    h("pre", { dir: "ltr" }, JSON.stringify(body, null, 2)))];
}

export function draw(body, ctx) {
  const drawer = Object.hasOwn(DRAWN, kindOf(body)) ? DRAWN[kindOf(body)] : null;
  if (!drawer) return unknown(body);
  try {
    return drawer(body, ctx).filter(Boolean);
  } catch {
    return unknown(body, _("This message has not the shape of its kind: "));
  }
}
