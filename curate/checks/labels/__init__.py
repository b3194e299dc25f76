"""Labels that other evidence contradicts."""
