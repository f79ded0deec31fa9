"""One batch in slow motion, and all that each phase computed."""
