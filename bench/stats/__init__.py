"""Who won, by how much, and how sure that is, for any table of scores; may import no other room."""
