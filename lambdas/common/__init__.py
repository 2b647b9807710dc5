"""What the functions of two or more rooms use."""
