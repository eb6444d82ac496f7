"""The contest: who competes on what, where it runs, what came out, who won; may import timae and ucr."""
