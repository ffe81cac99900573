"""The messaging partners' side of the wire, on this machine, and the phones of invented people."""
