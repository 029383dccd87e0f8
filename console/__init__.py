"""The pages of the team at `/console`: what is waiting for a person. Server-made, no JavaScript, in Spanish.

No page shows who wrote to us: people are counted, questions are scrubbed before they are stored.
"""
