"""What layers and models stand on: variables, symbolic tensors, operations, names, tracing."""
