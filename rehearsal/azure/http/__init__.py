"""What routes are made of: calls, answers, the router, the record; the server is server/."""
