"""HTTP/1.1 spoken directly: sockets of the standard library, framing by httptools, a pool of our own."""
