"""The same probes against clients that several generators make of one document; the table of docs/why.md is their result.

python -m tests.comparison [--write]
"""
