"""Routes, a file for each noun: parse, ask the library, answer. No rule stands here."""
