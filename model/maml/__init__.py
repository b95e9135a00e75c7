"""Meta-training (MAML) and the gradient adaptation that it prepares for: one inner step serves both."""
