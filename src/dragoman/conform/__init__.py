"""The conformance kit: what every messaging partner must get right, tried on the whole product.

`run` starts the program with all emulated partners on one address of this machine, as the demo
does, and drives one partner after the other from both sides of the wire: the emulator fails on
demand, people write, and webhooks are pushed that no partner should send. `table` has the checks;
they are told apart by what a partner declares and never by its name. See docs/conformance.md.
"""
