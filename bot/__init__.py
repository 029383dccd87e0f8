"""Rumbo: the assistant that a Venezuelan migrant in Peru messages.

Two roads, one end. A question: webhook, verify, read, first time?, `conversation.advance`, outbox.
News: a vacancy or a fair, match, outbox. Both: outbox, throttle, render, send, receipts.
"""
