"""An app that ends its process at a chosen step of making a snapshot or a segment, as a power cut would."""
