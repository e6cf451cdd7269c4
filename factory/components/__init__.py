"""Pulumi components, one per idea, and the gates that judge before something is created.

They declare what the plan decided and do the work on Azure that belongs to it.
May not decide, nor read for themselves: all they know is in the plan and in the run's context.
"""
