"""What language models give: explanations, enrichment, imagined buyers, with and without."""
