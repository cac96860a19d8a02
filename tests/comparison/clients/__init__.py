"""The programs that try the clients."""
