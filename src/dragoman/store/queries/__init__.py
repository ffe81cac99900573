"""Questions that people ask of the store: the message log, and the whole way of one message.

Everything here only reads. Each statement finds its rows by a key or an index, so that a question
takes as long with a million messages as with a hundred; the few that have no index look at a stated
number of newest rows and no further.
"""
