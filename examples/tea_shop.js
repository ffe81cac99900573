// The tea shop of tea_shop.py as an advanced message: this script runs once for every message.
// What it prints is sent; what it writes into `context` is remembered.
//
//   context.order    { assam: 2 }    packets by tea
//   context.asking   "assam"         the tea whose quantity was asked for last

const TEAS = {
  assam: { name: "Assam Gold", price: 180, taste: "Malty, strong, good with milk" },
  darjeeling: { name: "Darjeeling First Flush", price: 320, taste: "Light, flowery, spring 🌱" },
  jasmine: { name: "Jasmine Pearls", price: 260, taste: "Green, rolled by hand" },
  kahwa: { name: "Kashmiri Kahwa", price: 240, taste: "Green, with saffron and almond" },
};
const MOST = 20; // packets of one tea

const SEE_TEAS = { id: "teas", title: "🍃 See the teas" };
const MY_ORDER = { id: "order", title: "🧺 My order" };
const PERSON = { id: "person", title: "Talk to a person" };
const CHECKOUT = { id: "checkout", title: "✅ Order now" };
const PRICES = { id: "prices", title: "Price list" };

// An object with a `kind` is written for any messaging partner; one without would go to the
// partner as it is.
function send(kind, fields) {
  print(JSON.stringify({ kind, ...fields }));
}

function welcome() {
  const name = contact.name || "friend";
  const body = `Welcome to the tea shop, ${name}! What may we do for you?`;
  send("buttons", { body, buttons: [SEE_TEAS, MY_ORDER, PERSON] });
}

function startOver() {
  delete context.order;
  delete context.asking;
  send("text", { text: "All forgotten: a fresh pot, a fresh start." });
  welcome();
}

function showTeas() {
  send("list", {
    body: "Four teas today, each in packets of 100 g.",
    button: "Choose a tea",
    sections: [
      { title: "Black", rows: rows("assam", "darjeeling") },
      { title: "Green", rows: rows("jasmine", "kahwa") },
    ],
  });
}

function showTea(key) {
  const tea = TEAS[key];
  if (!tea) {
    send("text", { text: "We no longer have that tea." }); // a list from last year
    return showTeas();
  }
  context.asking = key;
  const caption = `*${tea.name}*, ₹${tea.price} a packet. ${tea.taste}.\nHow many packets?`;
  send("image", { link: `${assets}/${key}.png`, caption });
}

function takeQuantity(packets) {
  const key = context.asking;
  if (!key) return showTeas();
  if (packets < 1 || packets > MOST) {
    return print(`We pack from 1 to ${MOST} packets. How many may it be?`);
  }
  delete context.asking;
  context.order = context.order || {};
  context.order[key] = packets;
  const body = `${packets} × ${TEAS[key].name}: noted. That makes ₹${total(context.order)}.`;
  send("buttons", { body, buttons: [CHECKOUT, SEE_TEAS, MY_ORDER] });
}

function showOrder() {
  if (!context.order) {
    const body = "Nothing is in your order yet.";
    return send("buttons", { body, buttons: [SEE_TEAS, PRICES] });
  }
  send("buttons", {
    body: bill(context.order),
    buttons: [CHECKOUT, SEE_TEAS, PRICES],
    footer: "start over clears it",
  });
}

function sendPrices() {
  send("document", {
    link: `${assets}/price-list.pdf`,
    filename: "Price list.pdf",
    caption: "Our teas and prices",
  });
}

function askWhere() {
  if (!context.order) return showOrder();
  send("location_request", { body: "Where shall we bring it?" });
}

function confirmOrder() {
  const order = context.order;
  if (!order) return showOrder();
  delete context.order;
  print(bill(order)); // several texts are the lines of one message
  print("");
  print(`On its way to ${message.text}. Thank you! 🫖`);
}

function callPerson() {
  print("Someone from the shop will write to you here. We are in from 9 to 6.");
}

function notUnderstood() {
  if (context.asking) return print(`Please type a number from 1 to ${MOST}.`);
  print("Sorry, that is beyond a tea shop. Type *menu* to see what we can do.");
}

function rows(...keys) {
  return keys.map((key) => ({
    id: `tea:${key}`,
    title: TEAS[key].name,
    description: `₹${TEAS[key].price}`,
  }));
}

function total(order) {
  return Object.entries(order).reduce((sum, [key, packets]) => sum + TEAS[key].price * packets, 0);
}

function bill(order) {
  const lines = Object.entries(order).map(([key, packets]) => `${packets} × ${TEAS[key].name}`);
  return [...lines, `*Total ₹${total(order)}*`].join("\n");
}

// "2", "२" or "٢ packets" as a number, or null: Unicode keeps the ten digits of a script together.
function quantityIn(text) {
  const found = /^(\p{Nd}{1,6})( packets?)?$/iu.exec(text.trim());
  if (!found) return null;
  const digit = (char) => {
    let zero = char.codePointAt(0);
    while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1)) && char.codePointAt(0) - zero < 9) zero--;
    return char.codePointAt(0) - zero;
  };
  return Number([...found[1]].map(digit).join(""));
}

const PHRASES = {
  hello: welcome, hi: welcome, hey: welcome, start: welcome, menu: welcome,
  नमस्ते: welcome, مرحبا: welcome,
  "start over": startOver,
  teas: showTeas, tea: showTeas,
  "my order": showOrder, order: showOrder, total: showOrder,
  "price list": sendPrices, prices: sendPrices,
  "order now": askWhere, checkout: askWhere,
  person: callPerson, help: callPerson,
};
const TAPS = {
  teas: showTeas, order: showOrder, prices: sendPrices, checkout: askWhere, person: callPerson,
};

function answer() {
  if (message.kind === "location") return confirmOrder();
  if (message.kind === "reaction") return; // a heart on a message asks for no answer
  if (message.tapped && message.tapped.startsWith("tea:")) return showTea(message.tapped.slice(4));
  if (message.tapped && TAPS[message.tapped]) return TAPS[message.tapped]();
  if (message.kind !== "text") return notUnderstood();
  const words = message.text.normalize("NFKC").toLowerCase().trim().split(/\s+/);
  const phrase = words.join(" ").replace(/[.!?]+$/, "");
  if (Object.hasOwn(PHRASES, phrase)) return PHRASES[phrase]();
  const packets = quantityIn(message.text);
  return packets === null ? notUnderstood() : takeQuantity(packets);
}

answer();
