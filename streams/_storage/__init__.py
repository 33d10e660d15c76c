"""What is kept on disk: journal, checkpoints, identity."""
