"""A report as one HTML file that needs no network: its frame, the data behind it, the libraries inside."""
