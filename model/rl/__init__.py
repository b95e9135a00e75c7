"""Reinforcement learning from episodes: how they are collected, what each action was worth, how a policy is judged."""
