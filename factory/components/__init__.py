"""The components, one per idea. They declare what the plan decided, and decide nothing."""
