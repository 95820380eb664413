"""Jobs in the simulated world: who sends them, how they run and fail, and what is true of them."""
