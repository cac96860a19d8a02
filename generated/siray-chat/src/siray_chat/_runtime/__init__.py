"""The private runtime of a generated client; nothing here is public."""
