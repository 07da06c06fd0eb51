"""What is in a picture: scene, weather, colour, and whether it may be shown."""
