"""Anybody's recordings: TM and AOS transfer frames, bare space packets, our own archives.  See docs/decode.md."""
