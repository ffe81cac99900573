"""A small tea shop on WhatsApp: buttons, a list, pictures, a price list, quantities, an address.

    dragoman run examples/tea_shop.py

Change a price or a sentence and save: the next answer is the new one. What the shop remembers of a
customer lives in `turn.context`, a plain dict that is kept with the conversation:

    order    {"assam": 2}    packets by tea
    asking   "assam"         the tea whose quantity was asked for last
"""

from typing import NamedTuple

from dragoman import (
    Agent,
    Button,
    Buttons,
    Document,
    Image,
    List,
    LocationRequest,
    Row,
    Section,
    Turn,
)


class Tea(NamedTuple):
    name: str
    price: int  # rupees for a packet of 100 g
    taste: str


TEAS = {
    "assam": Tea("Assam Gold", 180, "Malty, strong, good with milk"),
    "darjeeling": Tea("Darjeeling First Flush", 320, "Light, flowery, spring 🌱"),
    "jasmine": Tea("Jasmine Pearls", 260, "Green, rolled by hand"),
    "kahwa": Tea("Kashmiri Kahwa", 240, "Green, with saffron and almond"),
}
MOST = 20  # packets of one tea

SEE_TEAS = Button("teas", "🍃 See the teas")
MY_ORDER = Button("order", "🧺 My order")
PERSON = Button("person", "Talk to a person")
CHECKOUT = Button("checkout", "✅ Order now")
PRICES = Button("prices", "Price list")

agent = Agent()


@agent.on("hello", "hi", "hey", "start", "menu", "नमस्ते", "مرحبا")
async def welcome(turn: Turn) -> None:
    name = turn.contact.name or "friend"
    greeting = f"Welcome to the tea shop, {name}! What may we do for you?"
    turn.reply(Buttons(greeting, (SEE_TEAS, MY_ORDER, PERSON)))


@agent.on("start over")
async def start_over(turn: Turn) -> None:
    turn.context.clear()
    turn.reply("All forgotten: a fresh pot, a fresh start.")
    await welcome(turn)


@agent.tapped("teas")
@agent.on("teas", "tea")
async def show_teas(turn: Turn) -> None:
    black, green = rows("assam", "darjeeling"), rows("jasmine", "kahwa")
    sections = (Section(black, "Black"), Section(green, "Green"))
    turn.reply(List("Four teas today, each in packets of 100 g.", "Choose a tea", sections))


@agent.tapped("tea:*")
async def show_tea(turn: Turn) -> None:
    tea = TEAS.get(turn.rest)
    if tea is None:  # a list from last year, still in the chat
        turn.reply("We no longer have that tea.")
        await show_teas(turn)
    else:
        turn.context["asking"] = turn.rest
        caption = f"*{tea.name}*, ₹{tea.price} a packet. {tea.taste}.\nHow many packets?"
        turn.reply(Image(link=f"{turn.assets_url}/{turn.rest}.png", caption=caption))


@agent.matching(r"(\d{1,6})( packets?)?")  # \d and int() read the digits of every script: 2, २, ٢
async def take_quantity(turn: Turn) -> None:
    key = turn.context.get("asking")
    packets = int(turn.match[1]) if turn.match else 0
    if key is None:
        await show_teas(turn)
    elif not 1 <= packets <= MOST:
        turn.reply(f"We pack from 1 to {MOST} packets. How many may it be?")
    else:
        del turn.context["asking"]
        order = turn.context.setdefault("order", {})
        order[key] = packets
        added = f"{packets} × {TEAS[key].name}: noted. That makes ₹{total(order)}."
        turn.reply(Buttons(added, (CHECKOUT, SEE_TEAS, MY_ORDER)))


@agent.tapped("order")
@agent.on("my order", "order", "total")
async def show_order(turn: Turn) -> None:
    order = turn.context.get("order")
    if order:
        choices = (CHECKOUT, SEE_TEAS, PRICES)
        turn.reply(Buttons(bill(order), choices, footer="start over clears it"))
    else:
        turn.reply(Buttons("Nothing is in your order yet.", (SEE_TEAS, PRICES)))


@agent.tapped("prices")
@agent.on("price list", "prices")
async def send_prices(turn: Turn) -> None:
    link = f"{turn.assets_url}/price-list.pdf"
    turn.reply(Document(link=link, filename="Price list.pdf", caption="Our teas and prices"))


@agent.tapped("checkout")
@agent.on("order now", "checkout")
async def ask_where(turn: Turn) -> None:
    if turn.context.get("order"):
        turn.reply(LocationRequest("Where shall we bring it?"))
    else:
        await show_order(turn)


@agent.kind("location")
async def confirm(turn: Turn) -> None:
    order = turn.context.pop("order", None)
    if order:
        turn.reply(f"{bill(order)}\n\nOn its way to {turn.text}. Thank you! 🫖")
    else:
        await show_order(turn)


@agent.kind("reaction")
async def smile(turn: Turn) -> None:
    """A heart on a message asks for no answer."""


@agent.tapped("person")
@agent.on("person", "help")
async def call_person(turn: Turn) -> None:
    turn.reply("Someone from the shop will write to you here. We are in from 9 to 6.")


@agent.otherwise
async def not_understood(turn: Turn) -> None:
    if "asking" in turn.context:
        turn.reply(f"Please type a number from 1 to {MOST}.")
    else:
        turn.reply("Sorry, that is beyond a tea shop. Type *menu* to see what we can do.")


def rows(*keys: str) -> tuple[Row, ...]:
    return tuple(Row(f"tea:{key}", TEAS[key].name, f"₹{TEAS[key].price}") for key in keys)


def total(order: dict[str, int]) -> int:
    return sum(TEAS[key].price * packets for key, packets in order.items())


def bill(order: dict[str, int]) -> str:
    lines = [f"{packets} × {TEAS[key].name}" for key, packets in order.items()]
    return "\n".join([*lines, f"*Total ₹{total(order)}*"])
