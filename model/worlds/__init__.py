"""The worlds that a cart can stand in."""
