"""How it is told: tables, sections, pictures, page, export; may import contest, methods, published and stats."""
