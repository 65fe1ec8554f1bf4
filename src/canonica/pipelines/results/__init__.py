"""Where results go: whole folders, unique names, earlier results replaced all or none."""
