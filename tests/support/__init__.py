"""What the Python tests share. Run with Debian's /usr/bin/python3."""
