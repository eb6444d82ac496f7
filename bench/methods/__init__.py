"""Who competes: methods, presets, Ti-MAE's variants, baselines; may import no other room."""
