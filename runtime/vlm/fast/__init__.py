"""The pocket model's language half on the processor, with its weights packed into 8 bits, run by ONNX Runtime."""
