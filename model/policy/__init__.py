"""The policy: its equations, how they are computed, its files."""
