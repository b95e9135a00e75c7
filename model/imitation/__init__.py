"""Imitation: a teacher that knows the true world, and a student that sees only its sensors. No reward is followed: not reinforcement learning."""
