"""HTTP alone: routes, answers, the WSGI application and the TLS server under it."""
