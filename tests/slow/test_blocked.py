"""The other ways in which something between page and server can block its stream."""

import pytest

from tests.e2e.test_connection import BLOCKS, goes_on_without_its_stream


@pytest.mark.parametrize("how", ["forbids", "cuts"])
def test_the_rest_goes_on_without_the_stream(browser, page_url, how):
    goes_on_without_its_stream(browser, page_url, BLOCKS[how])
