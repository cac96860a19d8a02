"""What changed between two versions of a client, and whom it concerns."""
