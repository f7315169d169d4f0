"""What a person sees who opens vistalk for the first time."""
