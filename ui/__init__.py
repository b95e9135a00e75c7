"""The page: it consumes `model/` and draws it."""
