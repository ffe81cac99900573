"""Meta's own shapes on the partners' side of the wire: what the Cloud API checks, says and writes.

Shared by the emulators of partners that pass them on, so that none of them knows another.
"""
