"""Bounds how many processes of one function run at once; a call beyond them waits for one, where AWS would start another.

Invariant: a burst of calls costs this machine a few processes of each function, not one for each call: starting many at
once takes longer than all of them wait, and what starts slowly is given up by who asked.
"""

import collections
import os
import threading

from ministack.services import lambda_svc as functions

# More than the cores, because a function mostly waits for its answers from the emulator.
MOST = 2 + 2 * (os.cpu_count() or 1)


def install():
    """Wraps the one step in which a process is taken from the pool or started. No function of ours calls another, so
    that none waits for a process that waits for it."""
    places = collections.defaultdict(lambda: threading.BoundedSemaphore(MOST))
    lock = threading.Lock()
    run = functions._execute_function_provided_warm

    def run_in_a_place(func, event, request_id):
        name = (func.get("config") or func).get("FunctionName")
        with lock:
            place = places[name]
        with place:
            return run(func, event, request_id)

    functions._execute_function_provided_warm = run_in_a_place
