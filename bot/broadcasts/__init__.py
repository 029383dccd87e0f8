"""Announcements to many: what is said, to whom, when, at what cost, and who agreed. `bot.broadcast` joins the parts.

Pure are `audience`, `compose`, `plan`, `rates` (but for reading its file), `states`, `summary`, `telling`, `times` and
`watch`. The others use the database: `contents`, `desk`, `drafts`, `progress`, `runner`, `spend` and `survey`.
"""
