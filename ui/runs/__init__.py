"""An episode, an adaptation, a comparison, a training: values that grow. No Gradio."""
