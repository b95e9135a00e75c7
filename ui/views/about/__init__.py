"""What the About tab shows."""
