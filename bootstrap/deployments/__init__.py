"""Brings Pulumi.<stack>.deploy.yaml and its schedules to Pulumi Cloud: docs/bootstrap.md."""
