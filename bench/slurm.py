"""Where tasks that version 0.1 gave to SLURM look for their code, which is in bench.places.slurm now."""

raise SystemExit(
    "bench: this task was queued by version 0.1, whose code has moved since; nothing is lost: "
    "give the same python -m bench run command again"
)
