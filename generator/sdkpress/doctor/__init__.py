"""`doctor`: what in a document makes a bad client, and an Overlay that mends what can be mended.

A rule is a function from a `Survey` of the document to findings; `catalog` says what each id means.
"""
