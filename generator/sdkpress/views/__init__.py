"""Views: what templates see, ready strings with nothing left to decide."""
