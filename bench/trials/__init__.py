"""What we do to ourselves: faults, chaos, measurements of speed; may import every other room."""
