"""Lines that are too long, broken where black breaks them.

Templates print a statement on one line, or one element a line with a comma behind the last one.
Either may be too long for the text of a document that stands in it; `wrap` breaks those lines, so
that black finds nothing to change. What fits is not looked at.
"""

from sdkpress.wrapping.units import LINE_LENGTH, wrap

__all__ = ["LINE_LENGTH", "wrap"]
