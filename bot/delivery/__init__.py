"""From the outbox to the platform: how fast, in what order, and what to do when it fails."""
