"""The commands of the console script, one file a subject. Each file adds its parsers and holds what they do."""
