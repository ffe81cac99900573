"""The doors for machines: webhooks, health, and the control door for our own CLI."""
