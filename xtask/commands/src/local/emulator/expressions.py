"""Checks the grammar of an expression once, and not again for every item that a query finds.

Invariant: what is refused is refused with the same words.
"""

import functools

from ministack.services import dynamodb

# Expressions are our own, and few.
MOST = 1_024


def install():
    """Remembers what the check said; it depends on its two texts alone."""
    dynamodb._condition_syntax_error = functools.lru_cache(MOST)(dynamodb._condition_syntax_error)
