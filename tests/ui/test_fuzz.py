"""A small, seeded sample of what tests/fuzz.py sends by thousands."""

from tests.fuzz import fuzz


def test_nonsense_is_answered_in_sentences(page_url, caplog):
    fuzzer = fuzz(page_url, calls=150, seed=7)
    assert not fuzzer.faults
    assert fuzzer.kinds["refused"] > 10 and fuzzer.kinds["route 4xx"] > 10
    assert not [r for r in caplog.records if r.exc_info]  # a traceback in the log
