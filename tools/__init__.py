"""What is run by whoever changes the project, and is no part of the program."""
