"""A seeded sample of what tests/slow/fuzz.py sends by thousands."""

from tests.slow.fuzz import fuzz
from tests.slow.serve import served


def test_nonsense_is_answered_in_sentences_and_leaves_no_traceback():
    with served() as app:
        fuzzer = fuzz(app.url, calls=200, seed=7, log=app.log)
    assert not fuzzer.faults
    assert fuzzer.kinds["refused"] > 10 and fuzzer.kinds["route 4xx"] > 10
