"""Pre-trained encoders, each with its card; `python -m timae.pretrain` makes such, `timae.weights` reads them."""
