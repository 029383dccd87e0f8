"""What Rumbo knows, as read from the content folder: articles, guided flows, fairs, values, the country.

`load.py` alone reads files; everything else here is pure. Nothing in this package ever writes an answer of its own:
what a person reads stands in a file of the content folder, with its source.
"""
