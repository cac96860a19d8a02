"""Generated packages inside other projects: added, checked, updated with their edits, removed.

Nothing in a package is rewritten on the way, whatever its new name: its files are those that were
published, byte for byte, and its imports are relative.
"""
