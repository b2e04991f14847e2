"""What people write themselves, tried the way Keras's guides show it."""
