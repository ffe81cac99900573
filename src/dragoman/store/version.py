"""Which schema this program writes. Apart from the tables, so that a start on a current database
need not import what describes them."""

VERSION = "0002"  # the newest migration; a database that names another one is not ours to write
KNOWN_VERSIONS = ("0001", "0002")
