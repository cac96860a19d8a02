"""From a client in step to its package on an index: the gate, and the upload."""
