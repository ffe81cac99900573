"""One agent file for all five: a conversation with every part of a sale."""

from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def serve(turn: Turn) -> None:
    message = turn.message
    kind = message.content.__struct_config__.tag if message is not None else ""
    if kind == "payment":
        turn.reply(f"Payment {message.content.status}, thank you.")
    elif kind == "location":
        turn.reply("We deliver there.")
    elif message is not None and message.tapped == "order":
        turn.reply({
            "kind": "list", "body": "Which tea?", "button": "Teas",
            "sections": [{"rows": [{"id": "assam", "title": "Assam"},
                                   {"id": "sencha", "title": "Sencha"}]}],
        })  # fmt: skip
    elif message is not None and message.tapped in ("assam", "sencha"):
        turn.reply({"kind": "image", "link": "https://files.example/assam.png", "caption": "Assam"})
        turn.reply({"kind": "document", "link": "https://files.example/prices.pdf",
                    "filename": "prices.pdf", "caption": "This month's prices"})  # fmt: skip
    elif turn.text == "where":
        turn.reply({"kind": "location", "latitude": 26.1, "longitude": 91.7, "name": "Tea shop"})
    elif turn.text == "shipped?":
        words = [{"kind": "text", "text": text} for text in ("Asha", "T-17")]
        turn.reply({
            "kind": "template", "name": "order_shipped", "language": "en_US", "body": words,
        })  # fmt: skip
    elif turn.text == "pay":
        amount = {"value": 21000}
        turn.reply({
            "kind": "order_details", "body": "Please pay", "reference_id": "T-17",
            "currency": "INR", "total": amount,
            "order": {"items": [{"name": "Assam", "amount": amount, "quantity": 1,
                                 "retailer_id": "assam", "country_of_origin": "India",
                                 "importer_name": "Tea shop",
                                 "importer_address": {"address_line1": "1 Garden Road",
                                                      "city": "Guwahati", "zone_code": "AS",
                                                      "postal_code": "781001",
                                                      "country_code": "IN"}}],
                      "subtotal": amount, "tax": {"value": 0}},
            "payment_settings": [{"type": "payment_gateway", "payment_gateway": {
                "type": "razorpay", "configuration_name": "shop"}}],
        })  # fmt: skip
    else:
        turn.reply({
            "kind": "buttons", "body": "Welcome to the tea shop.",
            "buttons": [{"id": "order", "title": "Order"}, {"id": "visit", "title": "Visit us"}],
        })  # fmt: skip
