"""The command line, one command a file. Nothing here imports TensorFlow before it is needed."""
