"""The About tab: what this is, how it works, what was measured, and what it is not for."""
