"""Much work in blocks: resumable, over threads, processes or a cluster."""
