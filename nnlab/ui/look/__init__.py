"""How things look: colours, type, icons, labels, pictures and charts. Knows nothing of projects' workings."""
