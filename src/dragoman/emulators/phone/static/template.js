// Templates: as the emulator filled them in (`rendered`), else the components as they were sent.
import { _, h, LOCALE, icon, ltr } from "./dom.js";
import { bill, head, media, tap, tapRow, thing, words } from "./parts.js";
import { orderState } from "./draw.js";
import * as sheets from "./sheets.js";

export function drawTemplate(body, ctx) {
  const shown = body.rendered;
  return shown ? filled(shown, ctx) : sent(body.template, ctx);
}

function filled(shown, ctx) {
  return [
    head(ctx, shown.header), words(shown.body), offer(shown.limited_time_offer), shown.order_status ? orderState(shown.order_status) : null,
    words(shown.footer, "words foot-note"), tapRow((shown.buttons || []).map((one) => templateButton(one, ctx))),
    shown.cards?.length ? h("ul", { class: "deck", tabindex: 0, "aria-label": _("Cards") }, shown.cards.map((one) => h("li", { class: "deck-card" },
      head(ctx, one.header), words(one.body), tapRow((one.buttons || []).map((b) => templateButton(b, ctx)))))) : null,
  ];
}

function offer(value) {
  if (!value) return null;
  const end = value.expiration_time_ms ? " " + _("Ends {time}.", { time: new Date(value.expiration_time_ms).toLocaleString(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) }) : "";
  return h("div", { class: "chosen" }, icon("card"), h("span", {}, h("strong", { dir: "auto" }, value.text || _("Offer for a limited time.")), end));
}

function templateButton(one, ctx) {
  const kind = String(one.type || "").toLowerCase();
  const label = one.text || { copy_code: _("Copy code"), otp: _("Copy code"), catalog: _("View catalogue"), mpm: _("View items"), spm: _("View"), order_details: _("Review and pay"), flow: _("Open"), voice_call: _("Call on WhatsApp"), payment_request: _("Pay") }[kind] || kind;
  const action = one.action || {};
  if (kind === "quick_reply") return tap(label, "reply", () => ctx.act({ do: "template_button", message: ctx.bubble.id, payload: one.payload || label, text: label }));
  if (kind === "url") return tap(label, "out", () => sheets.link(one.url));
  if (kind === "copy_code" || kind === "otp") return tap(label, "copy", () => sheets.code(one.code || one.url || ""));
  if (kind === "phone_number") return tap(label, "call", () => sheets.say(_("Call"), _("This would ring {number}. The test phone rings nobody.", { number: one.phone_number })));
  if (kind === "flow") return tap(label, "form", () => sheets.flow(ctx, { flow_token: action.flow_token, flow_action_payload: { data: action.flow_action_data } }));
  if (kind === "order_details") return tap(label, "card", () => sheets.pay(ctx, action.order_details || {}));
  if (kind === "mpm" || kind === "catalog" || kind === "spm") {
    const ids = (action.sections || []).flatMap((s) => s.product_items.map((item) => item.product_retailer_id));
    return tap(label, "shop", () => sheets.shop(ctx, label, action.catalog_id || "catalogue", ids.length ? ids : [action.thumbnail_product_retailer_id || "first-product"]));
  }
  return tap(label, "call", () => sheets.say(label, _("This button is drawn, and not emulated yet.")));
}

// Without the template's own text: what was put into it, part by part.
function sent(template, ctx) {
  const parts = (template.components || []).map((part) => component(part, ctx));
  const buttons = (template.components || []).filter((part) => lower(part.type) === "button").map((part) => sentButton(part, ctx));
  return [
    h("div", { class: "label" }, icon("form"), h("span", {}, _("Template") + " ", ltr(template.name), " ", h("span", { class: "help" }, template.language?.code || ""))),
    ...parts, parts.length ? null : h("div", { class: "help" }, _("Its text has no variables.")), tapRow(buttons),
  ];
}

const lower = (value) => String(value || "").toLowerCase();

function component(part, ctx) {
  const kind = lower(part.type);
  if (kind === "button") return null;
  if (kind === "carousel") return h("ul", { class: "deck", tabindex: 0, "aria-label": _("Cards") }, part.cards.map((one) => h("li", { class: "deck-card" },
    one.components.map((inner) => component(inner, ctx)),
    tapRow(one.components.filter((inner) => lower(inner.type) === "button").map((inner) => sentButton(inner, ctx))))));
  if (kind === "order_status") return orderState(part.parameters[0].order_status);
  if (kind === "limited_time_offer") return offer(part.parameters[0].limited_time_offer);
  const texts = [];
  const rest = [];
  for (const one of part.parameters || []) {
    if (one.type === "product") rest.push(thing(one.product));
    else if (["image", "video", "gif"].includes(one.type)) rest.push(media(ctx, one.type, one[one.type]));
    else if (["document", "location"].includes(one.type)) rest.push(head(ctx, one));
    else texts.push(h("div", {}, h("dt", {}, ltr(`{{${one.parameter_name || texts.length + 1}}}`)), h("dd", { dir: "auto" }, value(one))));
  }
  return h("div", { class: "component" }, h("span", { class: "help" }, kind), ...rest, texts.length ? h("dl", { class: "bill" }, texts) : null);
}

function value(one) {
  const inner = one[one.type];
  return typeof inner === "object" && inner ? inner.fallback_value || JSON.stringify(inner) : String(inner ?? "");
}

function sentButton(part, ctx) {
  const kind = lower(part.sub_type);
  const given = part.parameters?.[0] || {};
  const named = { quick_reply: _("Reply"), url: _("Open link"), voice_call: _("Call on WhatsApp") }[kind];
  if (kind === "order_details") return h("div", { class: "component" }, bill(given.action.order_details), templateButton({ type: kind, action: given.action }, ctx));
  return templateButton({ type: kind, text: named && given.payload ? `${named}: ${given.payload}` : named && given.text ? `${named} …${given.text}` : named,
    payload: given.payload, code: given.coupon_code, url: given.text ? `…${given.text}` : "", action: given.action }, ctx);
}
