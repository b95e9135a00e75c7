"""What tests of the model share; its folder, put on the path by pytest, holds plain_loops.py."""
