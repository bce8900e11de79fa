"""An app that ends its process at a step of a snapshot or of packing, as a power cut would."""
