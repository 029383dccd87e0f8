"""Announcements to many: what is said, to whom, when, at what cost, and who agreed. `bot.broadcast` joins the parts.

Everything here but `contents`, `desk` and `spend` is pure.
"""
