"""What is to be run and what came out: contests, how one run goes, its state, price and result; may import methods."""
