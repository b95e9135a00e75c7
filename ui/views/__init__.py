"""From values to what is seen: stage, charts, tables, words, files. No Gradio state."""
