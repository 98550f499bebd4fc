"""What only the ChronoTrack Live adapter knows: settings, authentication, paging, parsing."""
