"""How the policy learns: rollouts, policy gradients, adaptation, meta-training."""
