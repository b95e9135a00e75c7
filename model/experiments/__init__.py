"""What is measured, and the tables made from it."""
