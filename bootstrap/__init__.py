"""Makes what pipelines sign in with and where they keep their state: docs/bootstrap.md."""
