// Compiles nothing but the precompiled header.
