"""From a title to playlists like it, their songs and their tags: library, components, fusion, and what is picked."""
