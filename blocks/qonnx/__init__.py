"""A trained network in ONNX, quantized by QONNX's operators or in QDQ form, as general blocks and integers."""
