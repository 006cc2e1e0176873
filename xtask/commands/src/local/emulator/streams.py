"""Keeps what a stream costs from growing with what it holds: without it every request goes through every record and
every iterator that there is.

Invariant: a request finds what it would find without.
"""

import bisect
import time

from ministack.services import kinesis


def install():
    """Replaces the three steps that go through everything by ones that begin where they have to."""
    kinesis._expire_iterators = expire_iterators
    kinesis._expire_records = expire_records
    kinesis._start_position = start_at(kinesis._start_position)


def expire_iterators():
    """Drops those that have expired, which were made first."""
    held, oldest = kinesis._shard_iterators._data, time.time() - kinesis.ITERATOR_EXPIRY_SECONDS
    while held:
        token = next(iter(held))
        if held[token]["created_at"] >= oldest:
            break
        del held[token]


def expire_records(stream):
    """Drops those that have expired, which came first."""
    oldest = time.time() - stream["RetentionPeriodHours"] * 3600
    for shard in stream["shards"].values():
        records = shard["records"]
        if records and records[0]["ApproximateArrivalTimestamp"] < oldest:
            del records[:bisect.bisect_left(records, oldest, key=lambda record: record["ApproximateArrivalTimestamp"])]


def start_at(position):
    """Finds a sequence number by halves, for a shard's records are in their order."""
    places = {"AT_SEQUENCE_NUMBER": bisect.bisect_left, "AFTER_SEQUENCE_NUMBER": bisect.bisect_right}

    def start(records, kind, number, at):
        if kind in places:
            return places[kind](records, number, key=lambda record: record["SequenceNumber"])
        return position(records, kind, number, at)

    return start
