// Pieces that several kinds of message share: media, text blocks, rows of buttons, money.
import { _, h, LOCALE, icon, ltr } from "./dom.js";
import { rich } from "./rich.js";

export const words = (text, name = "words") => (text ? h("div", { class: name, dir: "auto" }, rich(text)) : null);

export function tapRow(...buttons) {
  const list = buttons.flat().filter(Boolean);
  return list.length ? h("div", { class: "taps" }, list) : null;
}

export function tap(label, name, act) {
  return h("button", { type: "button", class: "tap", onclick: act }, name ? icon(name) : null, h("span", { dir: "auto" }, label));
}

// The address of a file on this machine, or null: the phone asks no other machine for anything.
function local(ctx, value) {
  if (value?.id) return `/phone/media/${encodeURIComponent(ctx.line)}/${encodeURIComponent(value.id)}`;
  try {
    const url = new URL(value?.link, location.href);
    return url.origin === location.origin ? url.href : null;
  } catch { return null; }
}

function away(kind, value, name) {
  const where = value?.link ? value.link.replace(/^https?:\/\//, "") : value?.id ? `id ${value.id}` : _("no address");
  return h("div", { class: "away" }, icon(name), h("span", { class: "help" },
    value?.link ? _("{kind} on the web, not fetched here", { kind }) : _("{kind} that is not on this machine", { kind }), h("br"), ltr(where)));
}

export function media(ctx, kind, value) {
  const [label, name] = { image: [_("Picture"), "picture"], video: [_("Video"), "video"], audio: [_("Audio"), "voice"], gif: [_("Picture"), "picture"], sticker: [_("Sticker"), "picture"] }[kind] || [_("File"), "file"];
  const source = local(ctx, value);
  const box = h("div", { class: `media ${kind}` });
  const instead = () => { box.classList.add("gone"); box.replaceChildren(away(label, value, name)); };
  if (!source) { instead(); return box; }
  const tag = kind === "audio" ? "audio" : kind === "video" ? "video" : "img";
  const node = tag === "img"
    ? h("img", { src: source, alt: value.caption || label, loading: "lazy", onerror: instead })
    : h(tag, { src: source, controls: true, preload: "metadata", "aria-label": label, onerror: instead, onplay: () => ctx.played() });
  box.append(node);
  return box;
}

export function file(ctx, value) {
  const source = local(ctx, value);
  const name = value?.filename || _("Document");
  const ending = /\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1].toUpperCase() || "FILE";
  const inside = [icon("file"), h("span", { class: "grow", dir: "auto" }, name), h("span", { class: "tag" }, ending)];
  return source ? h("a", { class: "file", href: source, download: name }, inside) : h("div", { class: "file" }, inside, away(_("File"), value, "out"));
}

export function place(value) {
  return h("div", { class: "place" },
    h("div", { class: "map", "aria-hidden": "true" }, icon("place")),
    h("div", { class: "under" },
      value.name ? h("strong", { dir: "auto" }, value.name) : null,
      value.address ? h("span", { class: "help", dir: "auto" }, value.address) : null,
      h("span", { class: "help" }, ltr(`${value.latitude}, ${value.longitude}`))));
}

export function head(ctx, value) {
  if (!value) return null;
  const kind = String(value.type || value.format || (value.text ? "text" : "")).toLowerCase();
  if (kind === "text") return words(value.text, "words title");
  if (kind === "document") return file(ctx, value.document || value);
  if (kind === "location") return place(value.location || value);
  if (kind === "product") return thing(value.product || value);
  return kind ? media(ctx, kind, value[kind] || value) : null;
}

export function thing(value) {
  return h("div", { class: "thing" }, h("span", { class: "thing-box" }, icon("shop")), h("span", { class: "grow" },
    h("strong", {}, _("Product") + " "), ltr(value.product_retailer_id || _("of the catalogue")),
    value.catalog_id ? h("span", { class: "help" }, h("br"), _("catalogue") + " ", ltr(value.catalog_id)) : null));
}

export function money(amount, currency) {
  if (!amount) return "";
  const value = amount.value / (amount.offset || 100);
  try { return new Intl.NumberFormat(LOCALE, { style: "currency", currency }).format(value); } catch { return `${value} ${currency || ""}`; }
}

const times = (amount, count) => amount && { ...amount, value: amount.value * (count || 1) };

export function bill(order) {
  const value = order.order || {};
  const row = (label, amount, sign = "") => amount && h("div", {}, h("dt", { dir: "auto" }, label), h("dd", {}, sign + money(amount, order.currency)));
  return h("dl", { class: "bill" },
    (value.items || []).map((item) => row(`${item.name} × ${item.quantity}`, times(item.sale_amount || item.amount, item.quantity))),
    value.items?.length ? row(_("Subtotal"), value.subtotal) : null,
    row(value.tax?.description || _("Tax"), value.tax?.value ? value.tax : null),
    row(value.shipping?.description || _("Shipping"), value.shipping?.value ? value.shipping : null),
    row(value.discount?.description || _("Discount"), value.discount?.value ? value.discount : null, "−"),
    h("div", { class: "sum" }, h("dt", {}, _("Total")), h("dd", {}, money(order.total_amount, order.currency))),
    h("div", { class: "help" }, h("dt", {}, _("Order")), h("dd", {}, ltr(order.reference_id || "–"))));
}
