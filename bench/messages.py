"""A database of many messages, made by the database itself: 1 app, 2 numbers, a contact for every
hundred messages, half in and half out, the statuses that a busy day has."""

from __future__ import annotations

from dragoman.domain.clock import EPOCH_MS
from dragoman.store import migrate
from dragoman.store.drivers import connect

APP, FIRST_NUMBER, SECOND_NUMBER = 7, 1, 2
START_MS = EPOCH_MS + 1_000_000


def id_of(n: int) -> int:
    """The id of message n: ten a second."""
    return (START_MS + n * 100 - EPOCH_MS) << 22


def _count(n: int) -> str:
    """Rows i = 0 to n-1, in the words that both databases have."""
    return f"""WITH RECURSIVE n(i) AS
      (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i+1 FROM n WHERE i<{n - 1})"""


def fill(url: str, count: int) -> None:
    """Fill an empty database, and leave it as its own housekeeping would."""
    migrate.upgrade(url)
    tx = connect(url, write=True)
    if tx.dialect == "sqlite":
        tx.run("PRAGMA synchronous=OFF")
    tx.begin()
    tx.run("INSERT INTO app(id,stream_id,name,created,draft) VALUES (7,'st-7','million',0,'{}')")
    for id in (FIRST_NUMBER, SECOND_NUMBER):
        tx.run(
            "INSERT INTO number(id,app_id,partner,key,display) VALUES (?,7,'cloud-api',?,?)",
            (id, f"key{id}", f"1202555010{id}"),
        )

    def run(sql: str) -> None:  # psycopg reads a % as the beginning of a value's place
        tx.run(sql if tx.dialect == "sqlite" else sql.replace("%", "%%"))

    people = max(1, count // 100)
    # 6827 is prime to every count of people that is used, so that the contacts come by turns
    run(
        f"""{_count(people)}
        INSERT INTO contact(app_id,id,name,phone)
        SELECT 7,i+1,'Person '||i,CAST(12020000000+i AS TEXT) FROM n"""
    )
    run(
        """INSERT INTO identity(app_id,kind,value,contact_id)
        SELECT app_id,1,phone,id FROM contact"""
    )
    run(
        f"""INSERT INTO conversation(app_id,id,number_id,contact_id,in_seq,out_seq,done_seq)
        SELECT 7,id,1,id,{count // people},{count // people},{count // people} FROM contact"""
    )
    run(
        f"""{_count(count)}
        INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,
          content,external_id,at,rank,answer,error,why)
        SELECT 7,({START_MS - EPOCH_MS}+i*100)<<22,(i/2*6827)%{people}+1,i%2,i/2,1,
          (i/2*6827)%{people}+1,'text',
          '{{"kind":"text","text":"message number '||i||' of a long day in the tea shop"}}',
          'wamid.'||i,{START_MS}+i*100,
          CASE WHEN i%2=0 THEN 0 WHEN i%5001=0 THEN 4 WHEN i%3=0 THEN 5 ELSE 6 END,
          CASE WHEN i%2=1 THEN 0 WHEN i%20002=0 THEN 3 WHEN i%7000=0 THEN 2 ELSE 1 END,
          CASE WHEN i%2=1 AND i%5001=0
            THEN '{{"code":"invalid","sentence":{{"id":"window_closed"}}}}' END,
          CASE WHEN i%2=0 AND i%7000=0 THEN '{{"id":"channel_disabled"}}' END
        FROM n"""
    )
    run(
        f"""{_count(count // 2)}
        INSERT INTO delivery(app_id,number_id,external_id,message_id,rank,at)
        SELECT 7,1,'wamid.'||(i*2+1),({START_MS - EPOCH_MS}+(i*2+1)*100)<<22,5,0 FROM n"""
    )
    tx.commit()
    if tx.dialect == "sqlite":
        tx.run("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        tx.run("VACUUM ANALYZE")
    tx.close()
