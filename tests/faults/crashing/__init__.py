"""An app that ends its process at a chosen step of making a snapshot, as a power cut would."""
