"""Keeps what a stream costs from growing with what it holds: without it every request goes through every record and
iterator that there is.

Invariant: a request finds what it would find without; only what has expired may be there for a second more.
"""

import bisect
import time

from ministack.services import kinesis

# Seconds: records are kept for hours, and iterators for minutes.
BETWEEN = 1


def install():
    """Wraps the three steps that go through everything."""
    kinesis._expire_iterators = now_and_then(kinesis._expire_iterators, lambda: None)
    kinesis._expire_records = now_and_then(kinesis._expire_records, lambda stream: stream["StreamARN"])
    kinesis._start_position = of_a_number(kinesis._start_position)


def now_and_then(expire, about):
    """At most once in so long for each that it is about."""
    last = {}

    def expire_if_due(*arguments):
        key, now = about(*arguments), time.monotonic()
        if now - last.get(key, -BETWEEN) >= BETWEEN:
            last[key] = now
            expire(*arguments)

    return expire_if_due


def of_a_number(start):
    """Finds a sequence number by halves: a shard's records are in their order."""
    places = {"AT_SEQUENCE_NUMBER": bisect.bisect_left, "AFTER_SEQUENCE_NUMBER": bisect.bisect_right}

    def position(records, kind, number, at):
        place = places.get(kind)
        if place is None:
            return start(records, kind, number, at)
        return place(records, number, key=lambda record: record["SequenceNumber"])

    return position
