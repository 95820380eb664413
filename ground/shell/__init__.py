"""Words for a person who operates a spacecraft: verbs, completion, and what is shown as it comes."""
