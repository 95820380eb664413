"""WebAssembly jobs: the same module and inputs give the same bytes everywhere.  The engine is the extra `wasm`."""
