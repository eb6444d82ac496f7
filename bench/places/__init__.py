"""Where runs run, and how one watches them; may import contest and methods."""
