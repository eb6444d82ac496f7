"""Ti-MAE, masked autoencoders for time series: models and their training; nothing of results or jobs."""
