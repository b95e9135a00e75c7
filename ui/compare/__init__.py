"""Compare: several policies in one world, and challenges with a score."""
