"""What a type checker knows of the user's files: the only package that imports mypy."""
