"""The command line of Ti-MAE: python train.py fit --model TiMAEForPretraining --help."""

from timae.cli.main import main

if __name__ == "__main__":
    main()
