"""The command line, a module a family of commands; may import every other room but trials."""
