"""Live: the world, the policy and its learning in the visitor's own browser."""
