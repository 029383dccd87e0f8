"""Rumbo: the assistant that a Venezuelan migrant in Peru messages.

Two roads, one end. A question: webhook, verify, read, first time?, `conversation.advance`, outbox.
News: a vacancy or a fair, match, outbox. Both: outbox, throttle, render, send, receipts.
"""

import os as _os

# Before numpy is loaded: our rows are short, and threads that wait for each other cost four times what they save.
for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    _os.environ.setdefault(_threads, "1")
