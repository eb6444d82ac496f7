"""What is to be run and what came out: contests, runs, their states, prices and results; may import methods."""
