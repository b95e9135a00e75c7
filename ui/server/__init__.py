"""Sessions, jobs and their limits, and the training processes."""
