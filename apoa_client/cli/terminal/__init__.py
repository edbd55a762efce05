"""What reaches a terminal or a pipe, and what is typed there: output, input, language, progress, signals."""
