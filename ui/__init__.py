"""The page: it consumes `model/` and draws it."""

import os

os.environ["MPLBACKEND"] = "agg"  # it draws to files; another that the environment names may not be there
