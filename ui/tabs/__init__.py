"""The tabs of the page; none imports another."""
