"""What is written down: people, what they said last, what they are still owed. Rows never leave this package."""
