"""Imitation: a teacher that knows the true world, a student that sees its sensors. No reward is followed: no reinforcement learning."""
