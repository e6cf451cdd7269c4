"""The local Azure as a server: sockets, one request from door to answer, throttling, faults."""
