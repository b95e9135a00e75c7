"""The Meta-train tab."""
