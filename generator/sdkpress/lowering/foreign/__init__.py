"""What documents say in the extensions of other generators, as facts of ours.

No other part of the generator knows their names. `table` lists what is read.
"""
