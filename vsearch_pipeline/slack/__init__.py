"""Slack: search, watch, fix and be told."""
