"""What the tests of the running binary share."""
