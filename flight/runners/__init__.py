"""Who runs the jobs (`flight.ports.JobRunner`): as processes in a sandbox, as WebAssembly, or in virtual time."""
