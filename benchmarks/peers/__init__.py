"""What each line is measured against: the documented or usual way, written anew and as well as that way allows."""
