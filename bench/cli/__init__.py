"""The command line, a module a family of commands; may import every room but trials."""
