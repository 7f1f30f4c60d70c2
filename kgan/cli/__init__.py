"""The command line, one command per file. Nothing here imports TensorFlow before it is needed."""
