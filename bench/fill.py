"""A database as it looks after a long life: many people, each with a conversation and a message."""

from __future__ import annotations

import sqlite3
from pathlib import Path

DAY_MS = 86_400_000


def fill(path: Path, people: int) -> None:
    """Add `people` contacts of the bench's apps, straight into the tables."""
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    run("PRAGMA synchronous=OFF")
    run("PRAGMA cache_size=-400000")
    run("BEGIN")
    for stream, number in (("st-bench", "106540352242922"), ("st-keep", "106540352242923")):
        app_id = run("SELECT id FROM app WHERE stream_id=?", (stream,)).fetchone()[0]
        found = run("SELECT id FROM number WHERE app_id=?", (app_id,)).fetchone()
        number_id = found[0] if found else app_id + 7
        if not found:
            run("INSERT INTO number(id,app_id,partner,key) VALUES (?,?,'cloud-api',?)",
                (number_id, app_id, number))  # fmt: skip
        _app(connection, app_id, number_id, people)
    run("COMMIT")
    run("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _app(connection: sqlite3.Connection, app_id: int, number_id: int, people: int) -> None:
    each = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i+1<?) "
    base = app_id + 1000
    args = {"app": app_id, "number": number_id, "base": base, "people": people, "until": 2**50}
    for statement in (
        "INSERT INTO contact(app_id,id,name,phone,bsuid) SELECT :app,:base+i,'Asha Rao',"
        "printf('1650%07d',i),printf('US.13491208655301650%07d',i) FROM n",
        "INSERT INTO identity SELECT :app,1,printf('1650%07d',i),:base+i FROM n",
        "INSERT INTO identity SELECT :app,2,printf('US.13491208655301650%07d',i),:base+i FROM n",
        "INSERT INTO conversation(app_id,id,number_id,contact_id,in_seq,done_seq) "
        "SELECT :app,:base+i,:number,:base+i,1,1 FROM n",
        "INSERT INTO win(app_id,number_id,contact_id,until,opener) "
        "SELECT :app,:number,:base+i,:until,'message' FROM n",
        "INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,"
        "content,external_id,at,answer) SELECT :app,:base+i,:base+i,0,1,:number,:base+i,'text',"
        '\'{"kind":"text","text":"Does it come in another colour?"}\','
        "printf('wamid.old%012d',i),0,1 FROM n",
        "INSERT INTO seen SELECT :app,randomblob(16),9000000000000,:base+i FROM n",
    ):
        head, select, tail = statement.partition("SELECT")
        connection.execute(head + each.replace("?", ":people") + select + tail, args)
