"""The UCR 2018 archive: names, files, arrays; nothing of models."""
