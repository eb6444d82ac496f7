"""Who competes: methods, prices, Ti-MAE's arms, baselines; may import no other room."""
