"""Model-based adaptation: a dynamics model fitted to the buffer, and policy gradient in what it imagines."""
